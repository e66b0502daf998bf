-- What the bridges keep of secrets, each sealed under a key that does not lie in the database.
CREATE TABLE bridge_secret (
    network TEXT NOT NULL,
    key     TEXT NOT NULL,
    sealed  BLOB NOT NULL,
    PRIMARY KEY (network, key)
);
