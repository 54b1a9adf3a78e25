using Foresight.Api.Problems;

namespace Foresight.Api.Reading;

public interface ICheckedParameters
{
    Problem? Problem { get; }
}

public static class CheckedParametersExtensions
{
    /// <summary>
    /// Rejects a request at its first invalid <see cref="ICheckedParameters"/>, so that handlers see only valid parameters.
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
