using System.Text.Json.Nodes;

namespace SyscallExplorer.Machine.Tests;

/// <summary>The smallest right file of timing figures, for tests to spoil.</summary>
internal static class TimingFile
{
    public static JsonObject Small()
    {
        var keys = FigureKeys.Required.Concat(Enum.GetValues<TimingEvent>().Select(FigureKeys.Of)).Append("add r,m").Order(StringComparer.Ordinal);
        return new JsonObject
        {
            ["name"] = "Small",
            ["vendor"] = "Intel",
            ["part"] = "none",
            ["nominalGigahertz"] = new JsonObject { ["value"] = 2.5, ["source"] = "this test" },
            ["tscRatio"] = new JsonObject { ["numerator"] = 6, ["denominator"] = 4, ["source"] = "this test" },
            ["tlb"] = new JsonObject
            {
                ["l1InstructionEntries"] = 8,
                ["l1InstructionWays"] = 4,
                ["l1Instruction2MEntries"] = 2,
                ["l1DataEntries"] = 8,
                ["l1DataWays"] = 8,
                ["l1Data2MEntries"] = 2,
                ["l2Entries"] = 16,
                ["l2Ways"] = 4,
                ["l2Holds2M"] = true,
                ["source"] = "this test",
                ["confidence"] = "published",
            },
            ["branchPredictor"] = new JsonObject
            {
                ["conditionalCounters"] = 16,
                ["targetEntries"] = 8,
                ["returnStackEntries"] = 4,
                ["taken"] = new JsonObject
                {
                    ["jump"] = 1,
                    ["indirect"] = 2,
                    ["call"] = 2,
                    ["return"] = 2,
                    ["unknown"] = 5,
                    ["ahead"] = 0,
                    ["source"] = "this test",
                    ["confidence"] = "assumed",
                },
                ["source"] = "this test",
                ["confidence"] = "assumed",
            },
            ["pipeline"] = new JsonObject
            {
                ["issueWidth"] = 2,
                ["retireWidth"] = 2,
                ["reorderBuffer"] = 16,
                ["ports"] = new JsonArray("a", "b", "l", "s"),
                ["loads"] = "l",
                ["storeAddress"] = "",
                ["storeData"] = "s",
                ["loadLatency"] = 3,
                ["storeForward"] = 4,
                ["mispredict"] = 10,
                ["l1i"] = new JsonObject { ["kib"] = 8, ["ways"] = 2 },
                ["l1d"] = new JsonObject { ["kib"] = 8, ["ways"] = 2 },
                ["l2"] = new JsonObject { ["kib"] = 64, ["ways"] = 4, ["latency"] = 10 },
                ["memory"] = 100,
                ["source"] = "this test",
                ["confidence"] = "assumed",
            },
            ["figures"] = new JsonArray([.. keys.Select(Figure)]),
        };
    }

    public static JsonObject FigureIn(JsonObject file, string key) =>
        file["figures"]!.AsArray().Select(node => node!.AsObject()).Single(figure => (string?)figure["key"] == key);

    public static JsonObject Figure(string key) => new()
    {
        ["key"] = key,
        ["cycles"] = 1.5,
        ["low"] = 1,
        ["high"] = 2,
        ["unit"] = "cycles",
        ["confidence"] = "fitted",
        ["source"] = "this test",
    };

    public static Microarchitecture Parse(JsonObject file) => Microarchitecture.Parse(file.ToJsonString(), "small.json");
}
