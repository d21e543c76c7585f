-- The database of several machines, made once by the superuser of a PostgreSQL server (13 or newer):
--   SITE_PASSWORD=… DESK_PASSWORD=… psql -f deploy/postgresql.sql
-- Then the site's machines have SIDEDOOR_DATABASE=postgresql://sidedoor_site:…@host/sidedoor, and the desk's
-- postgresql://sidedoor_desk:…@host/sidedoor. The site's user sees feedback alone: whoever breaks into a public machine reads
-- nothing of staff, drafts or the log, and writes nothing there.
\set ON_ERROR_STOP on
\getenv site_password SITE_PASSWORD
\getenv desk_password DESK_PASSWORD
CREATE ROLE sidedoor_site LOGIN PASSWORD :'site_password';
CREATE ROLE sidedoor_desk LOGIN PASSWORD :'desk_password' IN ROLE sidedoor_site;
CREATE DATABASE sidedoor ENCODING 'UTF8' TEMPLATE template0;
REVOKE ALL ON DATABASE sidedoor FROM PUBLIC;
GRANT CONNECT ON DATABASE sidedoor TO sidedoor_site;
GRANT CREATE ON DATABASE sidedoor TO sidedoor_desk;
\connect sidedoor
REVOKE ALL ON SCHEMA public FROM PUBLIC;
CREATE SCHEMA sidedoor_feedback AUTHORIZATION sidedoor_site;
