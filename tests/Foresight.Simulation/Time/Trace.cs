using System.Globalization;

namespace Foresight.Simulation.Time;

internal sealed class Trace(Timeline timeline, Action<string>? tell)
{
    private const int Kept = 400;

    private readonly (long At, string Who, string What, long A, long B)[] _last = new (long, string, string, long, long)[Kept];
    private long _count;

    public ulong Hash { get; private set; } = 14695981039346656037;

    public bool IsTold => tell is not null;

    public void Add(string who, string what, long a = long.MinValue, long b = long.MinValue)
    {
        Mix((ulong)timeline.Now);
        foreach (var letter in who)
            Mix(letter);
        foreach (var letter in what)
            Mix(letter);
        Mix((ulong)a);
        Mix((ulong)b);
        var line = (timeline.Now, who, what, a, b);
        _last[_count++ % Kept] = line;
        tell?.Invoke(Format(line));
    }

    public void Note(string who, string what) => tell?.Invoke(Format((timeline.Now, who, "    " + what, long.MinValue, long.MinValue)));

    public IReadOnlyList<string> LastLines(int lines) =>
        [
            .. Enumerable
                .Range(0, (int)Math.Min(lines, Math.Min(_count, Kept)))
                .Reverse()
                .Select(back => Format(_last[(_count - 1 - back) % Kept])),
        ];

    private void Mix(ulong value)
    {
        Hash ^= value;
        Hash *= 1099511628211;
        Hash ^= Hash >> 29;
    }

    private static string Format((long At, string Who, string What, long A, long B) line) =>
        string.Create(
            CultureInfo.InvariantCulture,
            $"{line.At / (double)TimeSpan.TicksPerSecond, 10:0.000000} {line.Who, -10} {line.What}{Number(line.A)}{Number(line.B)}"
        );

    private static string Number(long value) => value == long.MinValue ? "" : " " + value.ToString(CultureInfo.InvariantCulture);
}
