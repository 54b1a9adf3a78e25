using System.Collections.Concurrent;
using System.Diagnostics;

namespace Foresight.Testing;

/// <summary>A process whose requests wait must still answer those that need not, which the times of these answers show.</summary>
public sealed class ProbeLatency : IAsyncDisposable
{
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(25);

    private readonly ConcurrentQueue<(TimeSpan Took, string What)> _answers = new();
    private readonly ConcurrentQueue<string> _failures = new();
    private readonly CancellationTokenSource _stopping = new();
    private readonly Task _asking;

    public ProbeLatency(HttpClient http, params IReadOnlyList<Uri> addresses) =>
        _asking = Task.WhenAll(addresses.Select(address => AskAsync(http, address)));

    public int Count => _answers.Count;

    public IReadOnlyCollection<string> Failures => _failures;

    public TimeSpan Max => _answers.IsEmpty ? TimeSpan.Zero : _answers.Max(answer => answer.Took);

    public TimeSpan Percentile(double part) =>
        _answers.IsEmpty
            ? TimeSpan.Zero
            : _answers.Select(answer => answer.Took).Order().ElementAt((int)Math.Ceiling(part * _answers.Count) - 1);

    public override string ToString() =>
        $"{Count} probes: p50 {Percentile(0.5).TotalMilliseconds:0.0} ms, p99 {Percentile(0.99).TotalMilliseconds:0.0} ms, "
        + $"max {Max.TotalMilliseconds:0.0} ms ({_answers.OrderByDescending(answer => answer.Took).FirstOrDefault().What}), "
        + $"{_failures.Count} without an answer";

    public async ValueTask DisposeAsync()
    {
        await _stopping.CancelAsync();
        await _asking;
    }

    private async Task AskAsync(HttpClient http, Uri address)
    {
        try
        {
            while (!_stopping.IsCancellationRequested)
            {
                var started = Stopwatch.GetTimestamp();
                try
                {
                    using var response = await http.GetAsync(address, _stopping.Token);
                    _answers.Enqueue((Stopwatch.GetElapsedTime(started), address.PathAndQuery));
                }
                catch (HttpRequestException error)
                {
                    _failures.Enqueue($"{address}: {error.Message}");
                }

                await Task.Delay(Pause, _stopping.Token);
            }
        }
        catch (OperationCanceledException) when (_stopping.IsCancellationRequested)
        {
            // Expected: this is how polling is stopped.
        }
    }
}
