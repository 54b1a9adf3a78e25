using System.Globalization;
using System.Text;
using Foresight.Console.Live;
using Foresight.Protocol;

namespace Foresight.Console.History;

/// <param name="Values">One for each step of the range; null where nothing was read.</param>
/// <param name="Path">Of SVG; a gap in the values is a gap in it.</param>
public sealed record PlottedLine(HistoryLine Line, IReadOnlyList<double?> Values, string Path);

/// <param name="First">First step that has this health.</param>
/// <param name="Steps">Number of them.</param>
/// <param name="Health">Null where nothing was recorded.</param>
public sealed record HealthRun(int First, int Steps, string? Health, string Words);

/// <param name="Step">In which one or several nodes took over.</param>
public sealed record FailoverMark(int Step, string Words);

/// <summary>One chart of one reading, laid out in a box of <see cref="Width"/> × <see cref="Height"/>. Pure.</summary>
public sealed record HistoryPlot(
    int Steps,
    ChartScale Scale,
    IReadOnlyList<PlottedLine> Lines,
    IReadOnlyList<HealthRun> Health,
    IReadOnlyList<FailoverMark> Marks
)
{
    public const double Width = 600;
    public const double Height = 110;

    public static HistoryPlot Of(HistoryView view, HistoryChartOf chart)
    {
        // Bounded, because the numbers come from another process and each step is drawn.
        var steps = (int)Math.Clamp((view.To - view.From).TotalSeconds / Math.Max(1, view.StepSeconds), 1, HistoryLimits.Points);
        var points = new HistoryPoint?[steps];
        foreach (var point in view.Points)
            if (StepOf(view, point.At, steps) is { } step)
                points[step] = point;

        var values = chart.Lines.Select(line => points.Select(point => point is null ? null : line.Of(point)).ToList()).ToList();
        var scale = ChartScale.Of(values.SelectMany(line => line).Max() ?? 0);
        return new HistoryPlot(
            steps,
            scale,
            [.. chart.Lines.Zip(values, (line, of) => new PlottedLine(line, of, PathOf(of, scale)))],
            chart.Lines.Count == 0 ? RunsOf(points) : [],
            [
                .. view
                    .Failovers.Select(failover => (Step: StepOf(view, failover.At, steps), Failover: failover))
                    .Where(entry => entry.Step is not null)
                    .GroupBy(entry => entry.Step!.Value, entry => entry.Failover)
                    .OrderBy(mark => mark.Key)
                    .Select(mark => new FailoverMark(mark.Key, string.Join("; ", mark.Select(Words)))),
            ]
        );
    }

    public static double XOf(double step, int steps) => (step + 0.5) / steps * Width;

    private static int? StepOf(HistoryView view, DateTimeOffset at, int steps)
    {
        var step = Math.Floor((at - view.From).TotalSeconds / Math.Max(1, view.StepSeconds));
        return step >= 0 && step < steps ? (int)step : null;
    }

    private static string PathOf(IReadOnlyList<double?> values, ChartScale scale)
    {
        var path = new StringBuilder();
        for (var step = 0; step < values.Count; step++)
        {
            if (values[step] is not { } value)
                continue;

            var isFirst = step == 0 || values[step - 1] is null;
            path.Append(isFirst ? 'M' : 'L')
                .Append(Format.Coordinate(XOf(step, values.Count)))
                .Append(' ')
                .Append(Format.Coordinate(Height - 1 - value / scale.Top * (Height - 3)));
            // A value between two gaps is drawn too: as a line of no length, which its round ends make a dot.
            if (isFirst && (step + 1 == values.Count || values[step + 1] is null))
                path.Append("h0");
        }

        return path.ToString();
    }

    private static IReadOnlyList<HealthRun> RunsOf(IReadOnlyList<HistoryPoint?> points)
    {
        var runs = new List<HealthRun>();
        for (var step = 0; step < points.Count; step++)
        {
            var words =
                points[step] is not { } point ? "nothing recorded"
                : point.Problems.Count == 0 ? point.Health
                : $"{point.Health}: {string.Join(", ", point.Problems.Select(Format.Words))}";
            if (runs.Count > 0 && runs[^1].Words == words)
                runs[^1] = runs[^1] with { Steps = runs[^1].Steps + 1 };
            else
                runs.Add(new HealthRun(step, 1, points[step]?.Health, words));
        }

        return runs;
    }

    private static string Words(FailoverView failover) =>
        string.Create(CultureInfo.InvariantCulture, $"{failover.NodeId} took over {failover.Resource}, epoch {failover.Epoch}");
}
