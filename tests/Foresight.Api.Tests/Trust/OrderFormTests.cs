using System.Text.Json;
using System.Text.Json.Nodes;
using Foresight.Api.Tests.Stack;
using Foresight.Chain;
using Foresight.Protocol;

namespace Foresight.Api.Tests.Trust;

[Collection(ApiStackCollection.Name)]
[Trait("Category", "Trust")]
public sealed class OrderFormTests(ApiStack stack)
{
    public static TheoryData<string> SameSignatures => ["27/28", "0/1", "EIP-2098"];

    [Theory]
    [MemberData(nameof(SameSignatures))]
    public async Task ASignature_InAnyUnambiguousForm_IsPassedOnAs65BytesWithV27Or28(string form)
    {
        await using var gateway = await GatewayOfTest.OpenAsync(stack, Accept);
        // Eight, because the salts differ, so both parities of v occur.
        foreach (var order in Enumerable.Range(0, 8).Select(_ => Signed.Order()))
        {
            var (status, body, _) = await stack.Http.PostAsync("orders", order with { Signature = InForm(order.Signature, form) });
            Assert.Equal((201, Signed.HashOf(order)), (status, body.GetProperty("orderId").GetString()));
            Assert.True(gateway.Commands.TryDequeue(out var sent));
            Assert.Equal(order.Signature, Assert.IsType<PlaceOrder>(sent).Signature);
        }

        var cancel = Signed.Cancel(11);
        var (answer, _, _) = await stack.Http.PostAsync("orders/cancel", cancel with { Signature = InForm(cancel.Signature, form) });
        Assert.Equal(200, answer);
    }

    public static TheoryData<string, string> BadSignatures =>
        new()
        {
            { "0x", "65 are needed" },
            { "v26", "v is 26" },
            { "v29", "v is 29" },
            { "v2", "v is 2" },
            { "66 bytes", "66 bytes" },
            { "63 bytes", "63 bytes" },
            { "zero", "no key" },
        };

    [Theory]
    [MemberData(nameof(BadSignatures))]
    public async Task ASignature_InAnotherForm_IsRefused_AndNothingIsSent(string form, string because)
    {
        await using var gateway = await GatewayOfTest.OpenAsync(stack, Accept);
        var (order, cancel) = (Signed.Order(), Signed.Cancel(12));
        foreach (
            var (status, body, _) in new[]
            {
                await stack.Http.PostAsync("orders", order with { Signature = Spoilt(order.Signature, form) }),
                await stack.Http.PostAsync("orders/cancel", cancel with { Signature = Spoilt(cancel.Signature, form) }),
            }
        )
        {
            Assert.Equal((422, ProblemCodes.InvalidSignature), (status, body.Code()));
            Assert.Contains(because, body.GetProperty("detail").GetString(), StringComparison.Ordinal);
        }

        Assert.Empty(gateway.Commands);
    }

    [Theory]
    [InlineData("orders", null, "timeinforces")]
    [InlineData("orders", "order", "expiresAt")]
    [InlineData("orders/cancel", null, "hash")]
    public async Task AnUnknownMember_IsRefusedByItsName(string path, string? parent, string member)
    {
        await using var gateway = await GatewayOfTest.OpenAsync(stack, Accept);
        object request = path == "orders" ? Signed.Order() : Signed.Cancel(13);
        var body = JsonSerializer.SerializeToNode(request, request.GetType(), JsonSerializerOptions.Web)!.AsObject();
        (parent is null ? body : body[parent]!.AsObject())[member] = JsonValue.Create("GTC");
        var (status, problem, _) = await stack.Http.PostAsync(path, body);
        Assert.Equal((400, ProblemCodes.MalformedRequest), (status, problem.Code()));
        Assert.Equal($"The member \"{member}\" is unknown.", problem.GetProperty("detail").GetString());
        Assert.Empty(gateway.Commands);
    }

    [Theory]
    [InlineData("GET", "orders?makers=0x11", "makers")]
    [InlineData("GET", "orders?market=1&page=2", "page")]
    [InlineData("GET", "orders/0x1111111111111111111111111111111111111111111111111111111111111111?fills=1", "fills")]
    [InlineData("POST", "orders?timeInForce=IOC", "timeInForce")]
    [InlineData("POST", "orders/cancel?all=true", "all")]
    public async Task AnUnknownQueryParameter_IsRefusedByItsName(string method, string path, string name)
    {
        await using var gateway = await GatewayOfTest.OpenAsync(stack, Accept);
        object body = path.Contains("cancel", StringComparison.Ordinal) ? Signed.Cancel(14) : Signed.Order();
        using var request = new HttpRequestMessage(new HttpMethod(method), path);
        if (method == "POST")
            request.Content = System.Net.Http.Json.JsonContent.Create(body, body.GetType(), options: JsonSerializerOptions.Web);
        using var response = await stack.Http.SendAsync(request);
        var problem = JsonDocument.Parse(await response.Content.ReadAsStringAsync()).RootElement;
        Assert.Equal((400, ProblemCodes.MalformedRequest), ((int)response.StatusCode, problem.Code()));
        Assert.Contains($"\"{name}\" is unknown", problem.GetProperty("detail").GetString(), StringComparison.Ordinal);
        Assert.Empty(gateway.Commands);
    }

    [Fact]
    public async Task TheQueryParametersThatARouteHas_AreTaken()
    {
        using var response = await stack.Http.GetAsync($"orders?maker={Signed.Maker.Address}&market=1&status=open&limit=5&cursor=9");
        Assert.Equal(200, (int)response.StatusCode);
    }

    [Fact]
    public async Task AnOrderWithOtherTerms_IsAConflict_ThatNamesThem()
    {
        await using var gateway = await GatewayOfTest.OpenAsync(
            stack,
            command =>
                Task.FromResult(
                    new CommandResult(command.RequestId, ResultStatus.Duplicate, ProblemCodes.OrderTermsDiffer)
                    {
                        Differences = ["timeInForce", "postOnly"],
                    }
                )
        );
        var order = Signed.Order();
        var (status, body, _) = await stack.Http.PostAsync("orders", order);
        Assert.Equal((409, ProblemCodes.OrderTermsDiffer), (status, body.Code()));
        Assert.Equal(Signed.HashOf(order), body.GetProperty("orderId").GetString());
        Assert.Equal(["timeInForce", "postOnly"], body.GetProperty("differs").EnumerateArray().Select(name => name.GetString()));
        Assert.Contains("another timeInForce and postOnly", body.GetProperty("detail").GetString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task ACancelThatWasDoneBefore_IsAnsweredWithItsPosition_AndCancelsNothing()
    {
        await using var gateway = await GatewayOfTest.OpenAsync(
            stack,
            command => Task.FromResult(new CommandResult(command.RequestId, ResultStatus.Duplicate, null, 7, 12))
        );
        var (status, body, _) = await stack.Http.PostAsync("orders/cancel", Signed.Cancel(15));
        Assert.Equal((200, 0, 12L), (status, body.GetProperty("cancelled").GetArrayLength(), body.GetProperty("sequence").GetInt64()));
    }

    [Theory]
    [InlineData(ProblemCodes.SaltCancelled)]
    [InlineData(ProblemCodes.CancelOnChain)]
    public async Task ARefusalForACancelledSalt_HasItsCode(string code)
    {
        await using var gateway = await GatewayOfTest.OpenAsync(
            stack,
            command => Task.FromResult(new CommandResult(command.RequestId, ResultStatus.Rejected, code, 7))
        );
        var (status, body, _) =
            code == ProblemCodes.SaltCancelled
                ? await stack.Http.PostAsync("orders", Signed.Order())
                : await stack.Http.PostAsync("orders/cancel", Signed.Cancel(16));
        Assert.Equal((422, code), (status, body.Code()));
        Assert.False(body.TryGetProperty("sequence", out _), "what is not in the journal has no position");
    }

    private static string InForm(string signature, string form)
    {
        var bytes = Hex.Decode(signature);
        switch (form)
        {
            case "0/1":
                bytes[64] -= 27;
                break;
            case "EIP-2098":
                bytes[32] |= (byte)((bytes[64] - 27) << 7);
                bytes = bytes[..64];
                break;
        }

        return Hex.Encode(bytes);
    }

    private static string Spoilt(string signature, string form)
    {
        var bytes = Hex.Decode(signature);
        return Hex.Encode(
            form switch
            {
                "0x" => [],
                "66 bytes" => [.. bytes, 0],
                "63 bytes" => bytes[..63],
                "zero" => [.. new byte[64], 27],
                _ => [.. bytes[..64], byte.Parse(form[1..])],
            }
        );
    }

    private static Task<CommandResult> Accept(LeaderCommand command) =>
        Task.FromResult(
            new CommandResult(command.RequestId, ResultStatus.Accepted, null, 7, 11) { OrderStatus = "open", CommitLsn = "0/1234" }
        );
}
