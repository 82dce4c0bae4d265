"""Who manages which field: server-side apply and the `managedFields` that it builds on.

`fieldset` is the algebra of sets of fields, `shapes` tells how the values of a kind merge,
`comparing` and `merging` walk values along such shapes, `managers` is the form in which an object
carries its sets, and `tracking` puts them together for the requests that write.
"""
