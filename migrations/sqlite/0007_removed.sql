-- Accounts that were removed, and of which a network may still keep something: it could not be told, being off, or no server ran.
CREATE TABLE removed (
    network  TEXT NOT NULL,
    passport TEXT NOT NULL,
    PRIMARY KEY (network, passport)
);
