namespace Foresight.Bench;

/// <summary>One verb of the benchmark. Prints a table for people and a JSON object as its last line.</summary>
/// <param name="Promise">Measured promise, in one line.</param>
/// <param name="RunAsync">Returns the exit status: 0 only if its correctness checks hold.</param>
public sealed record Verb(string Promise, Func<Options, Task<int>> RunAsync);
