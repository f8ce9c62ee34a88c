"""What each function asks of AWS in the tests, as IAM sees it, and whether its role allows just that.

`recording` writes down each kind of call in each process of the tests, `plugin` brings them together at the end of a session, and
`judging` holds them against the policies that tests/infra synthesizes.
"""
