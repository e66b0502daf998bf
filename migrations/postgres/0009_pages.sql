-- Browsers that are signed in to this server's pages. `hash` is the SHA-256 of what a browser shows, which itself is kept nowhere;
-- `proven` is when the browser last gave the account's password, `agent` and `address` are what the owner knows it by.
CREATE TABLE web_session (
    hash    TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    owner   TEXT COLLATE "C" NOT NULL REFERENCES account (passport) ON DELETE CASCADE,
    begun   BIGINT           NOT NULL,
    seen    BIGINT           NOT NULL,
    proven  BIGINT           NOT NULL,
    agent   TEXT COLLATE "C" NOT NULL,
    address TEXT COLLATE "C" NOT NULL
);

CREATE INDEX web_session_by_owner ON web_session (owner, seen);

-- Codes by which people make themselves accounts. `hash` is the SHA-256 of a code, which itself is shown once and kept nowhere;
-- `remaining` is how many accounts may still be made by it.
CREATE TABLE invite (
    hash      TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    maker     TEXT COLLATE "C" NOT NULL,
    note      TEXT COLLATE "C" NOT NULL,
    made      BIGINT           NOT NULL,
    expires   BIGINT           NOT NULL,
    remaining BIGINT           NOT NULL CHECK (remaining >= 0)
);
