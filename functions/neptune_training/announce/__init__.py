"""What is announced of a job: which changes of a record, and in which words.

    changes   a stream's record → the job to announce, or None
    message   the job → the fields and the text of its message
    result    the best trial of a COMPLETED job, the last lines of a FAILED one's log
    lookup    adds the result, if it can be read in time
    batch     goes through the records of an invocation

Imports `aws` and `model`. How a message is sent is given: by the entry points that read the table's stream.
"""
