namespace Foresight.Bench;

/// <summary>Prints a table for people, and a JSON object as its last line, so that programs need not parse the table.</summary>
public sealed record Verb(string Promise, Func<Options, Task<int>> RunAsync);
