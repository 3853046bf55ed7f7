"""The law as data (luật là dữ liệu): rules a procedure keeps, whatever else an agency changes."""
