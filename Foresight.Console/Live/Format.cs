using System.Globalization;

namespace Foresight.Console.Live;

public static class Format
{
    private static readonly CultureInfo Culture = CultureInfo.InvariantCulture;

    public static string Age(TimeSpan age) =>
        age switch
        {
            { Ticks: < 0 } => "now",
            { TotalSeconds: < 1.5 } => "now",
            { TotalSeconds: < 90 } => $"{age.TotalSeconds:0} s ago",
            { TotalMinutes: < 90 } => $"{age.TotalMinutes:0} min ago",
            { TotalHours: < 36 } => $"{age.TotalHours:0} h ago",
            _ => $"{age.TotalDays:0} days ago",
        };

    public static string Length(TimeSpan length) =>
        length switch
        {
            { TotalSeconds: < 1 } => $"{length.TotalMilliseconds:0} ms",
            { TotalSeconds: < 90 } => $"{length.TotalSeconds:0.#} s",
            { TotalMinutes: < 90 } => $"{length.TotalMinutes:0} min",
            { TotalHours: < 48 } => $"{length.TotalHours:0} h",
            _ => $"{length.TotalDays:0} days",
        };

    /// <summary>In its shard, whose number is in the upper 16 bits of the id.</summary>
    public static string TradeNumber(long id) => Count(id & 0xffff_ffff_ffff);

    /// <summary>Wei as gwei, exactly: "1500000000" becomes "1.5 gwei". No number, or one of over 28 digits, is shown as it is.</summary>
    public static string Gwei(string wei) =>
        decimal.TryParse(wei, NumberStyles.None, Culture, out var number)
            ? $"{(number / 1_000_000_000m).ToString("#,0.#########", Culture)} gwei"
            : wei;

    public static string Count(long number) => number.ToString("N0", Culture);

    public static string Rate(double perSecond) => perSecond.ToString(perSecond is > 0 and < 100 ? "N1" : "N0", Culture);

    public static string Milliseconds(double? milliseconds) =>
        milliseconds switch
        {
            null => "–",
            < 10 => $"{milliseconds.Value.ToString("0.0", Culture)} ms",
            < 10_000 => $"{milliseconds.Value.ToString("N0", Culture)} ms",
            _ => $"{(milliseconds.Value / 1000).ToString("0.0", Culture)} s",
        };

    public static string Bytes(long? bytes) =>
        bytes switch
        {
            null => "–",
            < 1024 => $"{bytes} B",
            < 1024 * 1024 => $"{(bytes.Value / 1024d).ToString("0.#", Culture)} KB",
            < 1024L * 1024 * 1024 => $"{(bytes.Value / 1048576d).ToString("0.#", Culture)} MB",
            _ => $"{(bytes.Value / 1073741824d).ToString("0.##", Culture)} GB",
        };

    /// <summary>Exact, because a double would round money: "12345.5" becomes "12,345.5".</summary>
    public static string Number(string? exact, int minimumDecimals = 0)
    {
        if (exact is null || !decimal.TryParse(exact, NumberStyles.Number, Culture, out var number))
            return exact ?? "–";

        var point = exact.IndexOf('.', StringComparison.Ordinal);
        var decimals = point < 0 ? 0 : exact.Length - point - 1;
        return number.ToString("N" + Math.Max(decimals, minimumDecimals).ToString(Culture), Culture);
    }

    public static string Number(decimal number, int decimals) => number.ToString("N" + decimals.ToString(Culture), Culture);

    public static string Percent(double part) => part.ToString("0.#%", Culture);

    /// <summary>Enough to recognise, as "0x1234abcd…9f02"; the title and the copy button carry the full hash.</summary>
    public static string Hash(string? hash) =>
        hash switch
        {
            null => "–",
            { Length: <= 14 } => hash,
            _ => $"{hash[..8]}…{hash[^4..]}",
        };

    public static string Words(string code) => code.Replace('_', ' ');

    /// <summary>Attribute values and coordinates need a decimal point, whatever the culture.</summary>
    public static string Coordinate(double value) => value.ToString("0.##", Culture);
}
