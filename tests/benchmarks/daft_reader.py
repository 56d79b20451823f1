"""Reads a table of a lake with Daft and writes it as an Arrow file; runs in an environment that has Daft.

One argument, JSON: format, place, options of the S3 server, the same for pyiceberg, and the file to write.
"""

import json
import sys
from typing import Any


def main() -> None:
    """Read and write."""
    import daft  # noqa: PLC0415 - only here
    from pyarrow import feather  # noqa: PLC0415 - as above
    from pyiceberg.table import StaticTable  # noqa: PLC0415 - as above

    given: dict[str, Any] = json.loads(sys.argv[1])
    options = given["options"]
    s3 = daft.io.S3Config(
        endpoint_url=options.get("endpoint_url"),
        key_id=options.get("aws_access_key_id"),
        access_key=options.get("aws_secret_access_key"),
        region_name=options.get("region_name"),
        use_ssl=False,
    )
    config = daft.io.IOConfig(s3=s3) if options else None
    if given["format"] == "delta":
        found = daft.read_deltalake(given["place"], io_config=config)
    else:
        found = daft.read_iceberg(StaticTable.from_metadata(given["place"], given["iceberg"]), io_config=config)
    feather.write_feather(found.to_arrow(), given["out"])


if __name__ == "__main__":
    main()
