using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;
using System.Text;
using Aspire.Hosting.ApplicationModel;
using Foresight.AppHost.Drill;
using Foresight.AppHost.Native;

namespace Foresight.AppHost.Tests.Drill;

internal sealed class ApiOfTest : IAsyncDisposable
{
    private readonly HttpListener _listener = new();
    private readonly ConcurrentDictionary<string, (int Status, string Body)> _answers = new();
    private readonly Task _serving;

    public ApiOfTest()
    {
        _listener.Prefixes.Add($"http://127.0.0.1:{Port}/");
        _listener.Start();
        _serving = ServeAsync();
    }

    public int Port { get; } = FreePorts.Any();

    public void Answer(string path, string body, int status = 200) => _answers[path] = (status, body);

    public void AnswerLeader(string nodeId, long epoch, string state = "active") =>
        Answer("/cluster/leader", $$"""{"nodeId":"{{nodeId}}","epoch":{{epoch}},"state":"{{state}}"}""");

    public void AnswerNode(string nodeId, int processId, string state) =>
        Answer("/cluster/nodes", $$"""[{"nodeId":"{{nodeId}}","processId":{{processId}},"state":"{{state}}"}]""");

    public static ClusterView View(params int[] ports) => new([.. ports.Select((port, i) => Endpoint($"api-{i + 1}", port))]);

    public async ValueTask DisposeAsync()
    {
        _listener.Close();
        await _serving;
    }

    private static EndpointReference Endpoint(string name, int port)
    {
        var endpoint = new EndpointAnnotation(ProtocolType.Tcp, uriScheme: "http", name: "http");
        endpoint.AllocatedEndpoint = new AllocatedEndpoint(endpoint, "127.0.0.1", port);
        var resource = new ContainerResource(name);
        resource.Annotations.Add(endpoint);
        return new EndpointReference(resource, endpoint);
    }

    private async Task ServeAsync()
    {
        while (_listener.IsListening)
        {
            HttpListenerContext context;
            try
            {
                context = await _listener.GetContextAsync();
            }
            catch (Exception e) when (e is HttpListenerException or ObjectDisposedException)
            {
                return;
            }

            var (status, body) = _answers.GetValueOrDefault(context.Request.Url!.AbsolutePath, (404, ""));
            context.Response.StatusCode = status;
            try
            {
                await context.Response.OutputStream.WriteAsync(Encoding.UTF8.GetBytes(body));
                context.Response.Close();
            }
            catch (HttpListenerException)
            {
                // Expected: the caller has gone, as one that is cancelled does.
            }
        }
    }
}
