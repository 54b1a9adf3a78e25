using System.Reflection;
using Foresight.Api.Problems;
using Microsoft.AspNetCore.Mvc;

namespace Foresight.Api.Reading;

public static class KnownQueryExtensions
{
    private const int LongestNameQuoted = 100;

    /// <summary>
    /// A filter that is misspelled must not become no filter, so a query parameter that the route's handler does not read is
    /// refused by name.
    /// </summary>
    public static TBuilder RefusesUnknownQueries<TBuilder>(this TBuilder routes)
        where TBuilder : IEndpointConventionBuilder =>
        routes.AddEndpointFilterFactory(
            (handler, next) =>
            {
                var known = handler.MethodInfo.GetParameters().SelectMany(NamesOf).ToHashSet(StringComparer.OrdinalIgnoreCase);
                return context =>
                    context.HttpContext.Request.Query.Keys.FirstOrDefault(name => !known.Contains(name)) is { } unknown
                        ? ValueTask.FromResult<object?>(new ProblemResult(Unknown(unknown, known)))
                        : next(context);
            }
        );

    private static IEnumerable<string> NamesOf(ParameterInfo parameter) =>
        parameter.GetCustomAttribute<AsParametersAttribute>() is not null
            ? parameter.ParameterType.GetConstructors().SelectMany(made => made.GetParameters()).SelectMany(NamesOf)
        : parameter.GetCustomAttribute<FromQueryAttribute>()?.Name is { } name ? [name]
        : [];

    private static Problem Unknown(string name, IReadOnlyCollection<string> known)
    {
        var quoted = name.Length > LongestNameQuoted ? name[..LongestNameQuoted] : name;
        return Problem.Malformed(
            $"The query parameter \"{quoted}\" is unknown; this route takes "
                + $"{(known.Count == 0 ? "none" : string.Join(", ", known.Order()))}."
        );
    }
}
