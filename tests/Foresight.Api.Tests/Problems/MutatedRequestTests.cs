using System.Net.Http.Headers;
using System.Text;
using System.Text.Json;
using Foresight.Api.Tests.Stack;

namespace Foresight.Api.Tests.Problems;

[Collection(ApiStackCollection.Name)]
public sealed class MutatedRequestTests(ApiStack stack)
{
    private const int Requests = 1_500;

    private static readonly string[] Tokens =
    [
        "1e400",
        "-0",
        "NaN",
        "Infinity",
        "null",
        "true",
        "{}",
        "[]",
        "\"\"",
        "\"\\u0000\"",
        "\"\\ud800\"",
        "٣",
        "0x",
        "115792089237316195423570985008687907853269984665640564039457584007913129639936",
        "1.7976931348623157e309",
        "\u0000",
        "\"",
        "\\",
        ",",
        ":",
        "}",
        "]",
        new string('9', 400),
        new string('[', 200),
        "__proto__",
        "\uFEFF",
    ];

    [Fact]
    public async Task ARequestDamagedAtRandom_IsRefused_AndNeverFailsHere()
    {
        var random = new Random(20_261_120);
        var good = JsonSerializer.Serialize(Signed.Order(), JsonSerializerOptions.Web);
        var statuses = new Dictionary<int, int>();
        for (var i = 0; i < Requests; i++)
        {
            var body = Damage(good, random);
            var content = new ByteArrayContent(body);
            content.Headers.ContentType = new MediaTypeHeaderValue("application/json");
            using var request = new HttpRequestMessage(HttpMethod.Post, i % 5 == 0 ? "orders/cancel" : "orders") { Content = content };
            // A damaged request may still be valid. It then finds no leader, and this deadline ends its wait at once.
            request.Headers.Add("X-Deadline-Ms", "1");
            using var response = await stack.Http.SendAsync(request);
            var status = (int)response.StatusCode;
            statuses[status] = statuses.GetValueOrDefault(status) + 1;
            Assert.True(status is 400 or 413 or 422 or 503, $"{status} for {Encoding.UTF8.GetString(body)}");
            Assert.Equal("application/problem+json", response.Content.Headers.ContentType?.MediaType);
        }

        Assert.True(statuses[400] > Requests / 2, JsonSerializer.Serialize(statuses));
    }

    private static byte[] Damage(string good, Random random)
    {
        var bytes = Encoding.UTF8.GetBytes(good).ToList();
        for (var times = random.Next(1, 4); times > 0; times--)
        {
            var at = random.Next(bytes.Count);
            switch (random.Next(6))
            {
                case 0:
                    bytes[at] = (byte)random.Next(256);
                    break;
                case 1:
                    bytes.RemoveAt(at);
                    break;
                case 2:
                    bytes.InsertRange(at, Encoding.UTF8.GetBytes(Tokens[random.Next(Tokens.Length)]));
                    break;
                case 3:
                    bytes.RemoveRange(at, bytes.Count - at - 1);
                    break;
                case 4:
                    bytes.InsertRange(at, bytes.Skip(random.Next(bytes.Count)).Take(40).ToList());
                    break;
                default:
                    var text = Encoding.UTF8.GetString([.. bytes]);
                    var colon = text.IndexOf(':', Math.Min(at, text.Length - 1));
                    var end = colon < 0 ? -1 : text.IndexOfAny([',', '}'], colon);
                    if (end > 0)
                        bytes = [.. Encoding.UTF8.GetBytes(text[..(colon + 1)] + Tokens[random.Next(Tokens.Length)] + text[end..])];
                    break;
            }
        }

        return [.. bytes];
    }
}
