"""Yahoo's and FRED's wire protocols from an archive folder, and the simulator that writes such a folder."""
