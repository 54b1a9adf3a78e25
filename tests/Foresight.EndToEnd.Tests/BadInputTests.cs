using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Foresight.Client;
using Foresight.EndToEnd.Tests.Stack;
using Foresight.Matching.Engine;
using Foresight.Protocol;
using Foresight.Simulator.Traders;

namespace Foresight.EndToEnd.Tests;

[Collection(StackCollection.Name)]
public sealed class BadInputTests(StackFixture stack)
{
    /// <summary>Time within which both Api nodes show an expiry in their books, with a wide margin.</summary>
    private static readonly TimeSpan ReachOfAnExpiry = TimeSpan.FromSeconds(5);

    private const int Attempts = 10;

    private TradedMarket Market => stack.Markets[3];

    private Trader Maker => stack.Traders[2];

    public static TheoryData<string, string> RawBodies =>
        new()
        {
            { "", ProblemCodes.MalformedRequest },
            { "{", ProblemCodes.MalformedRequest },
            { "null", ProblemCodes.MalformedRequest },
            { "[]", ProblemCodes.MalformedRequest },
            { "\"order\"", ProblemCodes.MalformedRequest },
            { "{}", ProblemCodes.MalformedRequest },
            { "{\"market\":1e400}", ProblemCodes.MalformedRequest },
            { new string('[', 2000), ProblemCodes.MalformedRequest },
        };

    [Theory]
    [MemberData(nameof(RawBodies))]
    public Task Body_ThatIsNoOrder_IsMalformed(string body, string code) => RefusesAsync(code, body);

    [Fact]
    public Task Body_OfFiveMegabytes_IsTooLarge() =>
        RefusesAsync(ProblemCodes.BodyTooLarge, $"{{\"market\":\"{new string('a', 5_000_000)}\"}}");

    [Theory]
    [InlineData("order.outcomeIndex", "1")]
    [InlineData("order.isBuy", "false")]
    [InlineData("order.price", "\"510000\"")]
    [InlineData("order.amount", "\"20000000000000000000\"")]
    [InlineData("order.salt", "\"1\"")]
    [InlineData("order.expiry", "\"4000000000\"")]
    [InlineData("order.maker", "\"0x70997970C51812dc3A010C7d01b50e0d17dc79C8\"")]
    [InlineData("signature", "\"0x\"")]
    [InlineData("signature", "\"0x00\"")]
    public Task Order_ChangedAfterSigning_HasAnInvalidSignature(string field, string json) =>
        RefusesAsync(ProblemCodes.InvalidSignature, With(Valid(), field, json));

    [Fact]
    public Task Order_SignedForAnotherMarket_HasAnInvalidSignature() =>
        RefusesAsync(ProblemCodes.InvalidSignature, With(Valid(), "market", $"\"{stack.Markets[0].Address}\""));

    [Fact]
    public async Task HighTwinOfASignature_IsInvalid()
    {
        var order = Valid();
        var bytes = Convert.FromHexString(order["signature"]!.GetValue<string>()[2..]);
        var groupOrder = System.Numerics.BigInteger.Parse(
            "0FFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFEBAAEDCE6AF48A03BBFD25E8CD0364141",
            System.Globalization.NumberStyles.HexNumber
        );
        var s = new System.Numerics.BigInteger(bytes.AsSpan(32, 32), isUnsigned: true, isBigEndian: true);
        var twin = (groupOrder - s).ToByteArray(isUnsigned: true, isBigEndian: true);
        bytes.AsSpan(32, 32).Clear();
        twin.CopyTo(bytes.AsSpan(64 - twin.Length));
        bytes[64] = (byte)(bytes[64] == 27 ? 28 : 27);
        await RefusesAsync(
            ProblemCodes.InvalidSignature,
            With(order, "signature", $"\"0x{Convert.ToHexString(bytes).ToLowerInvariant()}\"")
        );
    }

    [Theory]
    [InlineData("market", "\"0x0000000000000000000000000000000000000001\"", ProblemCodes.InvalidMarket)]
    [InlineData("market", "\"nonsense\"", ProblemCodes.InvalidMarket)]
    [InlineData("order.outcomeIndex", "99", ProblemCodes.InvalidOutcome)]
    [InlineData("order.outcomeIndex", "-1", ProblemCodes.InvalidOutcome)]
    [InlineData("order.price", "\"0\"", ProblemCodes.InvalidPrice)]
    [InlineData("order.price", "\"1000000\"", ProblemCodes.InvalidPrice)]
    [InlineData("order.price", "\"-500000\"", ProblemCodes.MalformedRequest)]
    [InlineData("order.price", "\"0.5\"", ProblemCodes.MalformedRequest)]
    [InlineData("order.price", "500000", ProblemCodes.MalformedRequest)]
    [InlineData("order.price", "1e400", ProblemCodes.MalformedRequest)]
    [InlineData("order.price", "\"1e5\"", ProblemCodes.MalformedRequest)]
    [InlineData("order.price", "\"NaN\"", ProblemCodes.MalformedRequest)]
    [InlineData("order.price", "\"٥٠٠٠٠٠\"", ProblemCodes.MalformedRequest)]
    [InlineData("order.amount", "\"0\"", ProblemCodes.InvalidAmount)]
    [InlineData("order.amount", "\"1\"", ProblemCodes.InvalidAmount)]
    [InlineData("order.amount", "\"100000000000000000000000000000000\"", ProblemCodes.InvalidAmount)]
    [InlineData("order.amount", "10", ProblemCodes.MalformedRequest)]
    [InlineData(
        "order.salt",
        "\"115792089237316195423570985008687907853269984665640564039457584007913129639936\"",
        ProblemCodes.MalformedRequest
    )]
    [InlineData("order.expiry", "\"1\"", ProblemCodes.OrderExpired)]
    [InlineData("timeInForce", "\"SOON\"", ProblemCodes.InvalidTimeInForce)]
    public Task Order_WithAnImpossibleValue_IsRefusedWithItsCode(string field, string json, string code) =>
        RefusesAsync(code, With(Valid(), field, json));

    [Fact]
    public async Task PriceBetweenTwoTicks_IsRefused()
    {
        var coarse = stack.Markets.FirstOrDefault(m => m.TickSize > 1);
        Assert.NotNull(coarse);
        var order = Signed(new OrderIntent(coarse, 0, Side.Buy, new Price(coarse.TickSize + 1), new Quantity(100)));
        await RefusesAsync(ProblemCodes.InvalidTick, order.ToJsonString());
    }

    [Fact]
    public async Task OrderThatNobodyCouldPay_IsRefusedForItsBalance()
    {
        var order = Signed(new OrderIntent(Market, 0, Side.Buy, new Price(50 * Market.TickSize), new Quantity(Quantity.MaxLots)));
        await RefusesAsync(ProblemCodes.InsufficientBalance, order.ToJsonString());
    }

    [Fact]
    public async Task SameOrderTwice_IsADuplicate_AndRestsOnce()
    {
        await stack.WaitUntilTradingAsync();
        var order = Signed(new OrderIntent(Market, 0, Side.Buy, new Price(Market.TickSize), new Quantity(100))).ToJsonString();
        using var first = await PostAsync(order);
        Assert.True(first.IsSuccessStatusCode, await first.Content.ReadAsStringAsync());
        await RefusesAsync(ProblemCodes.DuplicateOrder, order);
    }

    [Fact]
    public async Task CancelByAnotherThanTheMaker_IsRefused_AndTheOrderRests()
    {
        await stack.WaitUntilTradingAsync();
        var placement = stack.Signer.Sign(Maker, new OrderIntent(Market, 0, Side.Buy, new Price(Market.TickSize), new Quantity(100)));
        Assert.IsType<PlaceOutcome.Acknowledged>(await stack.Api.PlaceAsync(placement, CancellationToken.None));
        var foreign = stack.Signer.SignCancel(stack.Traders[3], placement) with { Maker = Maker.Address.ToString() };
        await RefusesAsync(ProblemCodes.InvalidSignature, JsonSerializer.Serialize(foreign, JsonSerializerOptions.Web), "orders/cancel");
        Assert.Equal("open", (await stack.Api.FindAsync(placement.OrderId, CancellationToken.None))!.Status);
    }

    private JsonObject Valid() => Signed(new OrderIntent(Market, 0, Side.Buy, new Price(Market.TickSize * 2), new Quantity(1000)));

    private JsonObject Signed(OrderIntent intent) =>
        JsonSerializer.SerializeToNode(stack.Signer.Sign(Maker, intent).Request, JsonSerializerOptions.Web)!.AsObject();

    /// <summary>As raw text, because some of the values are none that a serializer would write.</summary>
    private static string With(JsonObject order, string field, string json)
    {
        const string Placeholder = "@@placeholder@@";
        var names = field.Split('.');
        var parent = names.Length == 2 ? order[names[0]]!.AsObject() : order;
        parent[names[^1]] = Placeholder;
        return order.ToJsonString().Replace($"\"{Placeholder}\"", json, StringComparison.Ordinal);
    }

    private async Task RefusesAsync(string code, string body, string path = "orders")
    {
        await stack.WaitUntilTradingAsync();
        for (var attempt = 1; ; attempt++)
        {
            var started = DateTimeOffset.UtcNow;
            var sequence = await stack.Journal.LastSequenceAsync();
            var before = await stack.BooksAsync();

            using var response = await PostAsync(body, path);
            var text = await response.Content.ReadAsStringAsync();
            Assert.True((int)response.StatusCode is >= 400 and < 500, $"{(int)response.StatusCode}: {text}");
            Assert.Equal("application/problem+json", response.Content.Headers.ContentType?.MediaType);
            Assert.Equal(code, JsonNode.Parse(text)!["code"]?.GetValue<string>());

            var after = await stack.BooksAsync();
            // The engine itself may refuse, which the journal records; nothing else may be in it.
            var entries = await stack.Journal.EntriesAfterAsync(sequence);
            Assert.DoesNotContain(
                entries,
                e => e is { Accepted: true, Command.Kind: CommandKind.PlaceOrder or CommandKind.CancelBySalt or CommandKind.CancelOrder }
            );
            if (before == after)
                return;

            // Orders of earlier load may expire in between and change the books, so the request is then sent again.
            var expiring = await stack.Journal.AnyExpiredSinceAsync(started - ReachOfAnExpiry);
            Assert.True(
                expiring && attempt < Attempts,
                $"The books changed from\n{before}\nto\n{after}\nwith\n{string.Join('\n', entries)}"
            );
        }
    }

    private async Task<HttpResponseMessage> PostAsync(string body, string path = "orders")
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, new Uri(new Uri(stack.ApiUrl(1)), path));
        request.Content = new StringContent(body, Encoding.UTF8, "application/json");
        // As curl does before a large body, so that the server can refuse by the length header, before the body is sent.
        request.Headers.ExpectContinue = body.Length > 1_000_000;
        return await stack.Http.SendAsync(request);
    }
}
