using Foresight.Api.Problems;
using Foresight.Protocol;

namespace Foresight.Api.Reading;

/// <summary>What a list may be filtered by. Null is no filter, and always right.</summary>
internal static class FilterChecks
{
    public static Problem? Word(string? word, string name, IReadOnlyList<string> known) =>
        word is not null && !known.Contains(word) ? Problem.Malformed($"{name} must be one of {string.Join(", ", known)}.") : null;

    /// <summary>Postgres holds no text with a NUL, so such a filter could only fail there.</summary>
    public static Problem? Text(string? text, string name) =>
        text is not null && (text.Length > DecisionLimits.NameLength || text.Any(char.IsControl))
            ? Problem.Malformed($"{name} must have at most {DecisionLimits.NameLength} characters, and no control characters.")
            : null;
}
