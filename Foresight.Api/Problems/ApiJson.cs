using System.Text.Json;
using System.Text.Json.Serialization;

namespace Foresight.Api.Problems;

public static class ApiJson
{
    /// <summary>Omits null members, so that clients need not distinguish null from absent.</summary>
    public static readonly JsonSerializerOptions Problem = new(JsonSerializerDefaults.Web)
    {
        DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
    };

    /// <summary>
    /// Strict, because bodies carry money: no number in place of a string or the reverse, no duplicate and no missing member. Unknown
    /// members are ignored, so that newer clients work with older nodes.
    /// </summary>
    public static void Configure(JsonSerializerOptions options)
    {
        options.NumberHandling = JsonNumberHandling.Strict;
        options.MaxDepth = ApiLimits.JsonDepth;
        options.AllowDuplicateProperties = false;
        options.RespectNullableAnnotations = true;
        options.RespectRequiredConstructorParameters = true;
        options.UnmappedMemberHandling = JsonUnmappedMemberHandling.Skip;
    }
}
