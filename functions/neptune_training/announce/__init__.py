"""Decide what is announced of a job: which changes of a record, and in which words.

    changes   a stream's record → the job to announce, or None
    message   the job → the fields of its message, as JSON
    email     the job → the text of its e-mail
    result    the best trial of a COMPLETED job, the last lines of a FAILED one's log
    result_finder  adds the result, if it can be read in time
    status_file  writes the message beside an upload
    batch     goes through the records of an invocation

Imports `aws` and `model`. The entry points that read the table's stream pass the function that sends a message.
"""
