# Signing in.

sign-in = Sign in
sign-in-lead = For city staff. Residents need no sign-in.
login-label = Login
password-label = Password
sign-in-failed = Not signed in
sign-in-wrong = Login and password do not match.
sign-in-too_many = Too many tries. Wait a few minutes.
link-ready-title = Sign in by link
link-ready = You will sign in as { $position }. This link works once.
link-until = It works until { $at }.
link-used-title = The link has been used
link-used = Each link works once. Ask the desk for a new one.
link-expired-title = The link has expired
link-expired = Ask the desk for a new one.
link-unknown-title = The link is not known
link-unknown = Check that the address is complete, or ask for a new link.
link-other = Sign in with login and password
