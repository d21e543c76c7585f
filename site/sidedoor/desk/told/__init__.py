"""Who is told what: notices at the desk, and mail that says only that there is one."""
