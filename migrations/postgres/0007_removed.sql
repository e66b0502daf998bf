-- Accounts that were removed, and of which a network may still keep something: it could not be told, being off, or no server ran.
CREATE TABLE removed (
    network  TEXT COLLATE "C" NOT NULL,
    passport TEXT COLLATE "C" NOT NULL,
    PRIMARY KEY (network, passport)
);
