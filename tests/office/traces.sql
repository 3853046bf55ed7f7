-- What the test programs leave behind. Nothing is unique, on purpose: a job done twice shows.
CREATE TABLE IF NOT EXISTS effect (job uuid, worker text);
CREATE TABLE IF NOT EXISTS met (job uuid, attempt int, worker text, what text);
CREATE TABLE IF NOT EXISTS gate (name text);
GRANT ALL ON effect, met, gate TO congvan_app;
