using System.Globalization;
using System.Net.Http.Json;
using System.Numerics;
using System.Text.Json;
using Foresight.Chain;
using Foresight.Chain.Signing;
using Foresight.Protocol;

namespace Foresight.Api.Tests.Stack;

internal static class Signed
{
    private static long _salts = DateTimeOffset.UtcNow.Ticks;

    public static PrivateKey Maker { get; } = PrivateKey.OfPhrase("maker of the Api's tests");

    public static PlaceOrderRequest Order(
        TypedDataDomain? domain = null,
        PrivateKey? key = null,
        Address? market = null,
        Address? maker = null,
        bool isBuy = true
    )
    {
        var salt = Interlocked.Increment(ref _salts);
        var message = OrderMessage.OfUnits(maker ?? Maker.Address, 0, isBuy, 5000, 100, salt, 0);
        var contract = market ?? ApiStack.Binary;
        var signature = OrderSigning.Sign(domain ?? TypedDataDomain.OfMarket(31337, contract), message, key ?? Maker);
        return new PlaceOrderRequest(
            contract.ToString(),
            new SignedOrder(
                message.Maker.ToString(),
                0,
                isBuy,
                "500000",
                BigInteger.Pow(10, 18).ToString(CultureInfo.InvariantCulture),
                salt.ToString(CultureInfo.InvariantCulture),
                "0"
            ),
            Hex.Encode(signature)
        );
    }

    public static string HashOf(PlaceOrderRequest request) =>
        OrderSigning
            .OrderHash(
                TypedDataDomain.OfMarket(31337, Address.Parse(request.Market)),
                OrderMessage.OfUnits(
                    Maker.Address,
                    0,
                    true,
                    5000,
                    100,
                    BigInteger.Parse(request.Order.Salt, CultureInfo.InvariantCulture),
                    0
                )
            )
            .ToString();

    public static CancelOrderRequest Cancel(long salt, PrivateKey? key = null, Address? maker = null) =>
        new(
            ApiStack.Binary.ToString(),
            (maker ?? Maker.Address).ToString(),
            salt.ToString(CultureInfo.InvariantCulture),
            Hex.Encode(
                OrderSigning.Sign(
                    TypedDataDomain.OfMarket(31337, ApiStack.Binary),
                    new CancelSaltMessage(maker ?? Maker.Address, salt),
                    key ?? Maker
                )
            )
        );

    public static async Task<(int Status, JsonElement Body, HttpResponseMessage Response)> PostAsync(
        this HttpClient http,
        string path,
        object body,
        params (string Name, string Value)[] headers
    )
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, path)
        {
            Content = JsonContent.Create(body, body.GetType(), options: JsonSerializerOptions.Web),
        };
        foreach (var (name, value) in headers)
            request.Headers.Add(name, value);
        var response = await http.SendAsync(request);
        return ((int)response.StatusCode, await response.Content.ReadFromJsonAsync<JsonElement>(), response);
    }

    public static string? Code(this JsonElement body) => body.GetProperty("code").GetString();
}
