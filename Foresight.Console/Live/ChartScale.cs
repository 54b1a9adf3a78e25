namespace Foresight.Console.Live;

/// <param name="Top">Above every value.</param>
/// <param name="Lines">From 0 up to the top, with equal steps.</param>
public sealed record ChartScale(double Top, double[] Lines)
{
    public static ChartScale Of(double highest)
    {
        var step = NiceStep(Math.Max(highest, 1) / 3);
        var top = step * Math.Max(1, Math.Ceiling(highest * 1.05 / step));
        return new ChartScale(top, [.. Enumerable.Range(0, (int)Math.Round(top / step) + 1).Select(i => i * step)]);
    }

    /// <summary>Rounds up to 1, 2, 5, 10, 20, 50…, because only such steps give the scale readable labels.</summary>
    private static double NiceStep(double atLeast)
    {
        var magnitude = Math.Pow(10, Math.Floor(Math.Log10(atLeast)));
        var nice = (atLeast / magnitude) switch
        {
            <= 1 => 1,
            <= 2 => 2,
            <= 5 => 5,
            _ => 10,
        };
        return nice * magnitude;
    }
}
