"""What is announced of a job: which changes of a record, and in which words.

    changes   a stream's record → the job to announce, or None
    message   the job → the fields and the text of its message
    batch     goes through the records of an invocation

Imports `aws` and `model`. How a message is sent is given: by the entry points that read the table's stream.
"""
