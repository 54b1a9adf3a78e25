using System.Collections.Concurrent;
using System.Diagnostics;

namespace Foresight.Tests;

/// <summary>
/// Asks some addresses again and again, from its beginning until it is stopped, and keeps how long each answer took: whether a process whose
/// requests wait for something still answers those that need not.
/// </summary>
internal sealed class ProbeLatency : IAsyncDisposable
{
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(25);

    private readonly ConcurrentQueue<(TimeSpan Took, string What)> answers = new();
    private readonly ConcurrentQueue<string> failures = new();
    private readonly CancellationTokenSource stopping = new();
    private readonly Task asking;

    public ProbeLatency(HttpClient http, params IReadOnlyList<Uri> addresses) =>
        asking = Task.WhenAll(addresses.Select(address => AskAsync(http, address)));

    /// <summary>Answers, whatever their status.</summary>
    public int Count => answers.Count;

    public IReadOnlyCollection<string> Failures => failures;

    public TimeSpan Max => answers.IsEmpty ? TimeSpan.Zero : answers.Max(answer => answer.Took);

    public TimeSpan Percentile(double part) => answers.IsEmpty
        ? TimeSpan.Zero
        : answers.Select(answer => answer.Took).Order().ElementAt((int)Math.Ceiling(part * answers.Count) - 1);

    public override string ToString() =>
        $"{Count} probes: p50 {Percentile(0.5).TotalMilliseconds:0.0} ms, p99 {Percentile(0.99).TotalMilliseconds:0.0} ms, "
        + $"max {Max.TotalMilliseconds:0.0} ms ({answers.MaxBy(answer => answer.Took).What}), {failures.Count} without an answer";

    /// <summary>Stops asking; what it knows stays.</summary>
    public async ValueTask DisposeAsync()
    {
        await stopping.CancelAsync();
        await asking;
    }

    private async Task AskAsync(HttpClient http, Uri address)
    {
        try
        {
            while (!stopping.IsCancellationRequested)
            {
                var started = Stopwatch.GetTimestamp();
                try
                {
                    using var response = await http.GetAsync(address, stopping.Token);
                    answers.Enqueue((Stopwatch.GetElapsedTime(started), address.PathAndQuery));
                }
                catch (HttpRequestException error)
                {
                    failures.Enqueue($"{address}: {error.Message}");
                }

                await Task.Delay(Pause, stopping.Token);
            }
        }
        catch (OperationCanceledException) when (stopping.IsCancellationRequested)
        {
            // Enough.
        }
    }
}
