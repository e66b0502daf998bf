-- What the bridges keep of secrets, each sealed under a key that does not lie in the database.
CREATE TABLE bridge_secret (
    network TEXT COLLATE "C" NOT NULL,
    key     TEXT COLLATE "C" NOT NULL,
    sealed  BYTEA NOT NULL,
    PRIMARY KEY (network, key)
);
