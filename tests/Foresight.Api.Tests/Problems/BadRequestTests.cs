using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Text;
using System.Text.Json;
using Foresight.Api.Tests.Stack;

namespace Foresight.Api.Tests.Problems;

[Collection(ApiStackCollection.Name)]
public sealed class BadRequestTests(ApiStack stack)
{
    private const string Order = """
        {"maker":"0x2222222222222222222222222222222222222222","outcomeIndex":0,"isBuy":true,"price":"500000",
         "amount":"1000000000000000000","salt":"1","expiry":"0"}
        """;
    private const string Rest = "\"market\":\"0x1111111111111111111111111111111111111111\",\"signature\":\"0x11\"";

    public static TheoryData<string, string> Bodies() =>
        new()
        {
            { "", "body" },
            { " ", "body" },
            { "{", "JSON" },
            { "null", "body" },
            { "[]", "shape" },
            { "\"order\"", "shape" },
            { "{}", "market, order, signature" },
            { $"{{{Rest}}}", "order" },
            { $"{{{Rest},\"order\":null}}", "order" },
            { $"{{{Rest},\"order\":{Order},\"order\":{Order}}}", "order" },
            { $"{{{Rest},\"order\":{Order.Replace("\"500000\"", "500000")}}}", "order.price" },
            { $"{{{Rest},\"order\":{Order.Replace("\"500000\"", "null")}}}", "order.price" },
            { $"{{{Rest},\"order\":{Order.Replace("\"500000\"", "[]")}}}", "order.price" },
            { $"{{{Rest},\"order\":{Order.Replace("\"outcomeIndex\":0", "\"outcomeIndex\":\"0\"")}}}", "order.outcomeIndex" },
            { $"{{{Rest},\"order\":{Order.Replace("\"outcomeIndex\":0", "\"outcomeIndex\":1e400")}}}", "order.outcomeIndex" },
            { $"{{{Rest},\"order\":{Order.Replace("\"outcomeIndex\":0", "\"outcomeIndex\":0.5")}}}", "order.outcomeIndex" },
            { $"{{{Rest},\"order\":{Order.Replace("true", "\"true\"")}}}", "order.isBuy" },
            { $"{{{Rest},\"order\":{Order.Replace("true", "1")}}}", "order.isBuy" },
            { $"{{{Rest},\"order\":{Order},\"postOnly\":null}}", "postOnly" },
            { $"{{{Rest},\"order\":{Order},}}", "JSON" },
            { $"{{{Rest},\"order\":{Order}}} x", "JSON" },
            { $"{{{Rest},/* */\"order\":{Order}}}", "JSON" },
            { $"{{{Rest},\"order\":NaN}}", "JSON" },
            { $"{{{Rest},\"x\":{new string('[', 1000)}{new string(']', 1000)}}}", "\"x\" is unknown" },
            { $"{{{Rest},\"order\":{new string('[', 1000)}{new string(']', 1000)}}}", "order" },
            { "\u0000\u0001", "JSON" },
        };

    [Theory]
    [MemberData(nameof(Bodies))]
    public async Task ABodyThatIsNoOrder_IsMalformed_AndTheMemberIsNamed(string body, string named)
    {
        var problem = await RefusalAsync(await PostAsync("orders", body), 400, "malformed_request");
        Assert.Contains(named, problem.GetProperty("detail").GetString());
    }

    [Fact]
    public async Task InvalidUtf8_IsMalformed()
    {
        var content = new ByteArrayContent([(byte)'{', (byte)'"', 0xff, 0xfe, (byte)'"', (byte)':', (byte)'1', (byte)'}']);
        content.Headers.ContentType = new MediaTypeHeaderValue("application/json");
        await RefusalAsync(await stack.Http.PostAsync("orders", content), 400, "malformed_request");
    }

    [Theory]
    [InlineData(70_000)]
    [InlineData(5_000_000)]
    public async Task ABodyThatIsTooLarge_IsRefused_HoweverItIsSent(int bytes)
    {
        var body = $"{{\"market\":\"{new string('a', bytes)}\"}}";
        await RefusalAsync(await PostAsync("orders", body), 413, "body_too_large");
        using var chunked = new HttpRequestMessage(HttpMethod.Post, "orders")
        {
            Content = new StringContent(body, Encoding.UTF8, "application/json"),
        };
        chunked.Headers.TransferEncodingChunked = true;
        await RefusalAsync(await stack.Http.SendAsync(chunked), 413, "body_too_large");
    }

    [Fact]
    public async Task AMemberThatIsNotDocumented_IsRefusedByItsName()
    {
        var answer = await PostAsync("orders", $"{{{Rest},\"order\":{Order},\"later\":{{\"a\":[1]}}}}");
        var problem = await RefusalAsync(answer, 400, "malformed_request");
        Assert.Equal("The member \"later\" is unknown.", problem.GetProperty("detail").GetString());
    }

    [Fact]
    public async Task OtherThanJson_IsNotTaken() =>
        await RefusalAsync(
            await stack.Http.PostAsync("orders", new StringContent("market=1", Encoding.UTF8, "application/x-www-form-urlencoded")),
            415,
            "unsupported_media_type"
        );

    [Theory]
    [InlineData("DELETE", "orders", 405, "method_not_allowed")]
    [InlineData("GET", "nothing", 404, "not_found")]
    [InlineData("GET", "markets/99", 404, "not_found")]
    [InlineData("GET", "markets/one", 404, "not_found")]
    [InlineData("GET", "markets/1/depth?outcome=2", 422, "invalid_outcome")]
    [InlineData("GET", "markets/1/depth?outcome=x", 400, "malformed_request")]
    [InlineData("GET", "markets/1/depth?levels=0", 400, "malformed_request")]
    [InlineData("GET", "orders/0x12", 400, "malformed_request")]
    [InlineData("GET", "orders/0x1212121212121212121212121212121212121212121212121212121212121212", 404, "not_found")]
    [InlineData("GET", "orders?limit=501", 400, "malformed_request")]
    [InlineData("GET", "orders?limit=1e9", 400, "malformed_request")]
    [InlineData("GET", "orders?cursor=-1", 400, "malformed_request")]
    [InlineData("GET", "orders?status=live", 400, "malformed_request")]
    [InlineData("GET", "orders?maker=0x12", 400, "malformed_request")]
    [InlineData("GET", "orders?market=99", 404, "not_found")]
    [InlineData("GET", "trades?settlement=done", 400, "malformed_request")]
    [InlineData("GET", "trades/99999", 404, "not_found")]
    [InlineData("GET", "accounts/0x3333333333333333333333333333333333333333", 404, "not_found")]
    [InlineData("GET", "accounts/bob", 400, "malformed_request")]
    public async Task AQuestionThatHasNoAnswer_IsRefusedWithItsCode(string method, string path, int status, string code) =>
        await RefusalAsync(await stack.Http.SendAsync(new HttpRequestMessage(new HttpMethod(method), path)), status, code);

    [Theory]
    [InlineData("orders?limit=1e9", "Failed to bind parameter \"Nullable<int> limit\" from \"1e9\".")]
    [InlineData("orders?limit=501&cursor=x", "limit must be from 1 to 500.")]
    [InlineData("orders?cursor=-1", "cursor must be the next of a page before.")]
    [InlineData("orders?market=one", "Failed to bind parameter \"Nullable<int> market\" from \"one\".")]
    [InlineData("orders?status=live", "status must be open, partially_filled, filled, cancelled, expired or rejected.")]
    [InlineData(
        "orders?maker=0x12&limit=0",
        "maker must be an address: 0x and 40 hexadecimal digits, with the right checksum where upper and lower case are mixed."
    )]
    [InlineData("orders/0x12", "An order's id is 0x and 64 hexadecimal digits.")]
    [InlineData("markets?limit=0", "limit must be from 1 to 500.")]
    [InlineData("markets/1/depth?outcome=x", "Failed to bind parameter \"int outcome\" from \"x\".")]
    [InlineData("markets/1/depth?levels=0", "levels must be from 1 to 1000.")]
    [InlineData("markets/99/trades?cursor=x", "cursor must be the next of a page before.")]
    [InlineData(
        "trades?account=bob",
        "account must be an address: 0x and 40 hexadecimal digits, with the right checksum where upper and lower case are mixed."
    )]
    [InlineData("markets?state=halted", "state must be one of open, paused, closed, resolved.")]
    [InlineData(
        "trades?sort=price",
        "sort must be one of -tradeId, tradeId, -executedAt, executedAt, marketId, -marketId, -blockNumber, blockNumber."
    )]
    [InlineData("trades?settlement=done", "settlement must be unsettled, matched, batched, broadcast, mined, final, failed.")]
    [InlineData(
        "accounts/bob",
        "The account must be an address: 0x and 40 hexadecimal digits, with the right checksum where upper and lower case are mixed."
    )]
    public async Task AParameterThatIsNotUnderstood_IsNamed_WithWhatItMayBe(string path, string detail)
    {
        var problem = await RefusalAsync(await stack.Http.GetAsync(path), 400, "malformed_request");
        Assert.Equal(detail, problem.GetProperty("detail").GetString());
    }

    [Theory]
    [InlineData("X-Deadline-Ms", "soon")]
    [InlineData("X-Deadline-Ms", "-1")]
    [InlineData("X-Deadline-Ms", "600000")]
    public async Task AHeaderThatIsNotUnderstood_IsMalformed(string name, string value)
    {
        var (status, body, _) = await stack.Http.PostAsync("orders", Signed.Order(), (name, value));
        Assert.Equal((400, "malformed_request"), (status, body.Code()));
    }

    [Fact]
    public async Task ALongIdempotencyKey_IsMalformed()
    {
        var (status, body, _) = await stack.Http.PostAsync("orders", Signed.Order(), ("Idempotency-Key", new string('k', 129)));
        Assert.Equal((400, "malformed_request"), (status, body.Code()));
    }

    [Fact]
    public async Task AReadWithAPositionThatIsNone_IsMalformed()
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, "orders");
        request.Headers.Add("X-Foresight-Lsn", "yesterday");
        await RefusalAsync(await stack.Http.SendAsync(request), 400, "malformed_request");
    }

    private Task<HttpResponseMessage> PostAsync(string path, string body) =>
        stack.Http.PostAsync(path, new StringContent(body, Encoding.UTF8, "application/json"));

    internal static async Task<JsonElement> RefusalAsync(HttpResponseMessage response, int status, string code)
    {
        var body = await response.Content.ReadFromJsonAsync<JsonElement>();
        Assert.Equal((status, code), ((int)response.StatusCode, body.Code()));
        Assert.Equal("application/problem+json", response.Content.Headers.ContentType?.MediaType);
        Assert.Equal(status, body.GetProperty("status").GetInt32());
        Assert.Equal("nosniff", response.Headers.GetValues("X-Content-Type-Options").Single());
        Assert.DoesNotContain("System.", body.ToString());
        Assert.DoesNotContain("Foresight.", body.ToString());
        return body;
    }
}
