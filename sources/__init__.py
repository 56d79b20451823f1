"""dlt sources: `sources.<vendor>` over the shared foundation `sources.rest`."""
