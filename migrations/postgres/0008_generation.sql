-- Which life of the installation this is: another word each time it was restored from a backup, so that what must never be used twice is
-- made anew.
CREATE TABLE installation (
    generation TEXT COLLATE "C" NOT NULL
);
INSERT INTO installation (generation) VALUES (replace(gen_random_uuid()::text, '-', ''));
