"""Whether what is loaded is still what the API says, and which windows are not."""
