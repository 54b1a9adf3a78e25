using System.Collections.Concurrent;
using System.Diagnostics;
using System.Net;

namespace Foresight.EndToEnd.Tests.Stack;

/// <summary>Records below an HTTP client the duration and status of each order attempt, retries included.</summary>
public sealed class OrderAttempts() : DelegatingHandler(new SocketsHttpHandler { MaxConnectionsPerServer = 1_000 })
{
    private readonly ConcurrentQueue<(HttpStatusCode Status, TimeSpan Took)> _answers = new();

    /// <summary>Answers without a final result: not executed, or in doubt.</summary>
    public int Open => _answers.Count(answer => IsOpen(answer.Status));

    public TimeSpan Longest => _answers.IsEmpty ? TimeSpan.Zero : _answers.Max(answer => answer.Took);

    public override string ToString() =>
        string.Join(
            ", ",
            _answers
                .GroupBy(answer => (int)answer.Status)
                .OrderBy(group => group.Key)
                .Select(group => $"{group.Count()} x {group.Key} (longest {group.Max(answer => answer.Took).TotalSeconds:0.00} s)")
        );

    protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
    {
        var started = Stopwatch.GetTimestamp();
        var response = await base.SendAsync(request, cancellationToken);
        if (request.Method == HttpMethod.Post && request.RequestUri!.AbsolutePath == "/orders")
            _answers.Enqueue((response.StatusCode, Stopwatch.GetElapsedTime(started)));
        return response;
    }

    private static bool IsOpen(HttpStatusCode status) => status is HttpStatusCode.Accepted or HttpStatusCode.ServiceUnavailable;
}
