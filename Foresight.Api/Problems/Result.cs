using Microsoft.AspNetCore.Http.HttpResults;

namespace Foresight.Api.Problems;

public readonly struct Result<T>
    where T : class
{
    private Result(T? value, Problem? problem) => (Value, Problem) = (value, problem);

    public T? Value { get; }

    public Problem? Problem { get; }

    public Results<Ok<T>, ProblemResult> ToHttp() => Problem is null ? TypedResults.Ok(Value!) : new ProblemResult(Problem);

    public static implicit operator Result<T>(T value) => new(value, null);

    public static implicit operator Result<T>(Problem problem) => new(null, problem);
}
