"""What each path of the API answers, a module for each subject, and the table of them all."""
