using System.Buffers;
using System.Net.Http.Headers;
using System.Text.Json;

namespace Foresight.Chain.Rpc;

/// <param name="timeout">For one HTTP request until the last byte of the answer, because a node may hang in the middle of one.</param>
public sealed class HttpNodeClient(HttpClient http, Uri endpoint, TimeSpan timeout) : NodeClient
{
    /// <summary>Public providers refuse batches above 100 or charge for them, so larger ones are split.</summary>
    public const int BatchLimit = 100;

    /// <summary>
    /// In bytes. 10,000 logs of the market contract have about 8 MB; a longer answer than this fails the read instead of
    /// filling the memory.
    /// </summary>
    public const int AnswerLimit = 64 * 1024 * 1024;

    public Uri Endpoint => endpoint;

    public override async Task<IReadOnlyList<RpcReply>> SendAsync(IReadOnlyList<RpcRequest> requests, CancellationToken cancellationToken)
    {
        var replies = new List<RpcReply>(requests.Count);
        for (var start = 0; start < requests.Count; start += BatchLimit)
        {
            var part = requests.Skip(start).Take(BatchLimit).ToArray();
            replies.AddRange(Match(part, await PostAsync(part, cancellationToken)));
        }

        return replies;
    }

    private async Task<JsonElement> PostAsync(RpcRequest[] requests, CancellationToken cancellationToken)
    {
        var method = requests[0].Method;
        using var deadline = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        deadline.CancelAfter(timeout);
        try
        {
            using var content = new ReadOnlyMemoryContent(Body(requests));
            content.Headers.ContentType = new MediaTypeHeaderValue("application/json");
            using var message = new HttpRequestMessage(HttpMethod.Post, endpoint) { Content = content };
            using var response = await http.SendAsync(message, HttpCompletionOption.ResponseHeadersRead, deadline.Token);
            if (!response.IsSuccessStatusCode)
                throw new RpcUnavailableException(method, $"the node answered HTTP {(int)response.StatusCode}");
            await response.Content.LoadIntoBufferAsync(AnswerLimit, deadline.Token);
            await using var stream = await response.Content.ReadAsStreamAsync(deadline.Token);
            using var document = await JsonDocument.ParseAsync(stream, cancellationToken: deadline.Token);
            return document.RootElement.Clone();
        }
        catch (OperationCanceledException e) when (!cancellationToken.IsCancellationRequested)
        {
            throw new RpcUnavailableException(method, $"no answer within {timeout.TotalSeconds:0.###} s", e) { IsSilence = true };
        }
        catch (Exception e) when (e is HttpRequestException or IOException or JsonException)
        {
            throw new RpcUnavailableException(method, $"the node cannot be read: {e.Message}", e);
        }
    }

    private static ReadOnlyMemory<byte> Body(RpcRequest[] requests)
    {
        var buffer = new ArrayBufferWriter<byte>(1024);
        using var writer = new Utf8JsonWriter(buffer);
        if (requests.Length > 1)
            writer.WriteStartArray();
        for (var id = 0; id < requests.Length; id++)
        {
            writer.WriteStartObject();
            writer.WriteString("jsonrpc", "2.0");
            writer.WriteNumber("id", id);
            writer.WriteString("method", requests[id].Method);
            writer.WriteStartArray("params");
            foreach (var parameter in requests[id].Parameters)
            {
                if (parameter is null)
                    writer.WriteNullValue();
                else
                    parameter.WriteTo(writer);
            }

            writer.WriteEndArray();
            writer.WriteEndObject();
        }

        if (requests.Length > 1)
            writer.WriteEndArray();
        writer.Flush();
        return buffer.WrittenMemory;
    }

    // Answers of a batch may come in any order, and an overloaded node omits some: each must be present exactly once.
    private static RpcReply[] Match(RpcRequest[] requests, JsonElement answer)
    {
        if (requests.Length == 1 && answer.ValueKind == JsonValueKind.Object)
            return [Reply(requests[0], answer)];
        if (answer.ValueKind == JsonValueKind.Object && answer.TryGetProperty("error", out var error))
            throw new RpcUnavailableException(
                requests[0].Method,
                $"the node refused a batch of {requests.Length}: {RpcException.Of("batch", error).NodeMessage}"
            );
        if (answer.ValueKind != JsonValueKind.Array)
            throw new RpcUnavailableException(requests[0].Method, "the answer is no JSON-RPC answer");

        var replies = new RpcReply[requests.Length];
        var answered = new bool[requests.Length];
        foreach (var item in answer.EnumerateArray())
        {
            if (
                item.ValueKind != JsonValueKind.Object
                || !item.TryGetProperty("id", out var id)
                || !id.TryGetInt32(out var index)
                || index < 0
                || index >= requests.Length
                || answered[index]
            )
                throw new RpcUnavailableException(requests[0].Method, "the batch's answer holds an id that was not asked for");
            answered[index] = true;
            replies[index] = Reply(requests[index], item);
        }

        var missing = Array.IndexOf(answered, false);
        return missing < 0
            ? replies
            : throw new RpcUnavailableException(requests[missing].Method, "the batch's answer leaves out a request");
    }

    private static RpcReply Reply(RpcRequest request, JsonElement item)
    {
        if (item.TryGetProperty("error", out var error) && error.ValueKind == JsonValueKind.Object)
            return new(request.Method, default, RpcException.Of(request.Method, error));
        if (item.TryGetProperty("result", out var result))
            return new(request.Method, result, null);
        throw new RpcUnavailableException(request.Method, "the answer has neither a result nor an error");
    }
}
