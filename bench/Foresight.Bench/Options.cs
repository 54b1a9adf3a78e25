using System.Globalization;

namespace Foresight.Bench;

public sealed class Options
{
    private readonly Dictionary<string, string?> _values = [];
    private readonly HashSet<string> _read = [];

    public Options(IReadOnlyList<string> args)
    {
        for (var i = 0; i < args.Count; i++)
        {
            if (!args[i].StartsWith("--", StringComparison.Ordinal))
                throw new OptionException($"'{args[i]}' is not an option");
            var hasValue = i + 1 < args.Count && !args[i + 1].StartsWith("--", StringComparison.Ordinal);
            _values[args[i][2..]] = hasValue ? args[++i] : null;
        }
    }

    public string? Text(string name)
    {
        _read.Add(name);
        return _values.TryGetValue(name, out var value) ? value ?? throw new OptionException($"--{name} needs a value") : null;
    }

    public string OneOf(string name, string fallback, params string[] allowed)
    {
        var value = Text(name) ?? fallback;
        return allowed.Contains(value)
            ? value
            : throw new OptionException($"--{name} is one of {string.Join(", ", allowed)}, not '{value}'");
    }

    public long Number(string name, long fallback, long min = 0, long max = long.MaxValue)
    {
        if (Text(name) is not { } text)
            return fallback;
        if (long.TryParse(text, CultureInfo.InvariantCulture, out var value) && value >= min && value <= max)
            return value;
        throw new OptionException($"--{name} is a whole number from {min} to {max}, not '{text}'");
    }

    public bool Switch(string name)
    {
        _read.Add(name);
        return _values.ContainsKey(name);
    }

    /// <summary>
    /// Must be called after all options were read. Rejects unknown ones, because a misspelt option would otherwise go unnoticed.
    /// </summary>
    public void RequireNoOthers()
    {
        if (_values.Keys.FirstOrDefault(name => !_read.Contains(name)) is { } unknown)
            throw new OptionException($"there is no option --{unknown}");
    }
}

public sealed class OptionException(string message) : Exception(message);
