-- The database for several machines. The superuser of a PostgreSQL server (13 or newer) creates it once:
--   SITE_PASSWORD=… DESK_PASSWORD=… psql -f deploy/postgresql.sql
-- Then set SIDEDOOR_DATABASE=postgresql://sidedoor_site:…@host/sidedoor on the site's machines, and
-- postgresql://sidedoor_desk:…@host/sidedoor on the desk's. The site's user sees only feedback: somebody who breaks into a public
-- machine can neither read nor write anything of staff, drafts or the log.
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
