namespace Foresight.Bench;

/// <summary>Prints a table for people, and a JSON object for programs as its last line.</summary>
public sealed record Verb(string Promise, Func<Options, Task<int>> RunAsync);
