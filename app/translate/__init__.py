"""Between the wire, the tables and the domain: each module translates one kind of thing."""
