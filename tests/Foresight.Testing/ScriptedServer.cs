using System.Net;
using System.Text;

namespace Foresight.Testing;

public sealed class ScriptedServer : HttpMessageHandler
{
    private readonly Lock _gate = new();
    private readonly Queue<Func<HttpRequestMessage, HttpResponseMessage>?> _answers = [];

    public List<string> Requests { get; } = [];

    public List<string> Posts { get; } = [];

    public void Then(Func<HttpRequestMessage, HttpResponseMessage> answer) => _answers.Enqueue(answer);

    public void Then(HttpStatusCode status, string json) => Then(_ => Answer(status, json));

    public void ThenSilence() => _answers.Enqueue(null);

    public static HttpResponseMessage Answer(HttpStatusCode status, string json) =>
        new(status)
        {
            Content = new StringContent(json, Encoding.UTF8, (int)status >= 400 ? "application/problem+json" : "application/json"),
        };

    protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
    {
        var body = request.Content is { } content ? await content.ReadAsStringAsync(cancellationToken) : null;
        Func<HttpRequestMessage, HttpResponseMessage>? answer;
        lock (_gate)
        {
            Requests.Add($"{request.Method} {request.RequestUri!.AbsolutePath}");
            if (body is not null)
                Posts.Add(request.Headers + body);
            answer = _answers.Dequeue();
        }

        if (answer is null)
            await Task.Delay(Timeout.InfiniteTimeSpan, cancellationToken);
        return answer!(request);
    }
}
