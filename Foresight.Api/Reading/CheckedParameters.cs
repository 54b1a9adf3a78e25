using Foresight.Api.Problems;

namespace Foresight.Api.Reading;

/// <summary>Parameters of a route that know whether they are in order.</summary>
public interface ICheckedParameters
{
    /// <summary>What is wrong with them; null: nothing.</summary>
    Problem? Problem { get; }
}

public static class CheckedParametersExtensions
{
    /// <summary>
    /// Refuses a request with what is wrong with the first of its handler's <see cref="ICheckedParameters"/> that is not in order. A
    /// handler is called only with parameters that are, and one that has no such parameters costs nothing.
    /// </summary>
    public static TBuilder ChecksParameters<TBuilder>(this TBuilder routes)
        where TBuilder : IEndpointConventionBuilder =>
        routes.AddEndpointFilterFactory(
            (handler, next) =>
            {
                int[] positions =
                [
                    .. handler
                        .MethodInfo.GetParameters()
                        .Where(one => one.ParameterType.IsAssignableTo(typeof(ICheckedParameters)))
                        .Select(one => one.Position),
                ];
                if (positions.Length == 0)
                    return next;
                return context =>
                {
                    foreach (var position in positions)
                    {
                        if (context.Arguments[position] is ICheckedParameters { Problem: { } problem })
                            return ValueTask.FromResult<object?>(new ProblemResult(problem));
                    }

                    return next(context);
                };
            }
        );
}
