using System.Collections.Concurrent;
using System.Diagnostics;
using System.Net;

namespace Foresight.EndToEnd.Tests.Stack;

/// <summary>Below the HTTP client, so that each retry counts as an attempt of its own.</summary>
public sealed class OrderAttempts() : DelegatingHandler(new SocketsHttpHandler { MaxConnectionsPerServer = 1_000 })
{
    private readonly ConcurrentQueue<(HttpStatusCode Status, TimeSpan Took)> _answers = new();

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
