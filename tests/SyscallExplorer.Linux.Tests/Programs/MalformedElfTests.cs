using Iced.Intel;
using SyscallExplorer.Machine;

namespace SyscallExplorer.Linux.Tests;

/// <summary>
/// Spoilt copies of good programs. Each is refused with a sentence, or is a program that runs, faults or never ends inside the machine:
/// nothing else may come out.
/// </summary>
public sealed class MalformedElfTests
{
    private const int Copies = 500;
    private const long Instructions = 3000;
    private static readonly ulong[] s_values =
        [0, 1, 2, 0x10, 0xFFF, 0x1000, 0x1001, 0x2000, 0x10_0000, 0x7FFF_FFFF, 0x8000_0000, 0xFFFF_FFFF, 0x7FFF_FFFF_E000, 0x7FFF_FFFF_F000,
            0x8000_0000_0000, 0x7FFF_FFFF_FFFF_F000, 0xFFFF_FFFF_FFFF_F000, ulong.MaxValue];

    public static TheoryData<int, int, bool> Kinds() => new()
    {
        { 64, 2, false }, { 64, 3, false }, { 32, 2, false }, { 32, 3, false }, { 64, 3, true }, { 32, 3, true },
    };

    [Theory]
    [MemberData(nameof(Kinds))]
    public void A_spoilt_program_is_refused_with_a_sentence_or_runs(int bitness, int type, bool dynamic)
    {
        byte[] good = (dynamic ? ElfImage.DynamicProgram(Body, bitness) : ElfImage.Program(Body, bitness, type: type)).ToBytes();
        LinuxMachine booted = Guest.Boot();
        var random = new Random(bitness * 10 + type + (dynamic ? 1000 : 0));
        int refused = 0, ran = 0;
        for (int copy = 0; copy < Copies; copy++)
        {
            byte[] bytes = Spoil(good, bitness, random);
            try
            {
                Run(booted, bytes, dynamic);
                ran++;
            }
            catch (ElfFormatException error)
            {
                refused++;
                Assert.Matches("^/spoilt(: |, offset [0-9a-f]+h: it ).+\\.$", error.Message);
                Assert.True(error.Errno > 0);
            }
        }

        // Were one of them empty, the corpus would say nothing.
        Assert.True(refused > Copies / 10, $"{refused} were refused");
        Assert.True(ran > Copies / 10, $"{ran} ran");
    }

    [Theory]
    [InlineData(64)]
    [InlineData(32)]
    public void Every_length_of_the_first_bytes_is_refused_or_runs(int bitness)
    {
        byte[] good = ElfImage.Program(Body, bitness).ToBytes();
        LinuxMachine booted = Guest.Boot();
        for (int length = 0; length < 300; length++)
        {
            try
            {
                Run(booted, good[..length], dynamic: false);
            }
            catch (ElfFormatException error)
            {
                Assert.NotEmpty(error.Message);
            }
        }
    }

    private static void Body(Assembler a)
    {
        for (int i = 0; i < 8; i++)
            a.nop();
        a.ud2();
    }

    /// <summary>A dynamic program is planned alone, since its interpreter is another file; a static one is loaded and run.</summary>
    private static void Run(LinuxMachine booted, byte[] bytes, bool dynamic)
    {
        ElfFile file = ElfFile.Parse(bytes, "/spoilt");
        Assert.All(file.Remarks, remark => Assert.EndsWith(".", remark, StringComparison.Ordinal));
        if (dynamic)
        {
            AddressSpaceLayout layout = AddressSpaceLayout.Of(new AddressSpaceRequest { Bitness = file.Bitness });
            ImagePlan plan = ImagePlan.OfProgram(file, layout.BiasOf(file) ?? 0x10_0000, layout);
            Assert.All(plan.Steps, step => Assert.True(step.Start < step.End && step.End <= layout.TaskSize));
            ImagePlan.InterpreterBias(file, plan.Bias, out _);
            return;
        }

        LinuxMachine machine = booted.Fork();
        machine.Load(new ElfProgram(file, "/spoilt"));
        machine.Run(RunLimits.Instructions(Instructions));
    }

    private static byte[] Spoil(byte[] good, int bitness, Random random)
    {
        byte[] bytes = (byte[])good.Clone();
        int header = bitness == 64 ? 64 : 52, entry = bitness == 64 ? 56 : 32, entries = BitConverter.ToUInt16(good, bitness == 64 ? 56 : 44);
        int tableEnd = header + entries * entry;
        for (int change = random.Next(1, 4); change > 0; change--)
        {
            int at = random.Next(tableEnd);
            int field = header + random.Next(entries) * entry + random.Next(entry / 4) * 4;
            switch (random.Next(8))
            {
                case 0:
                    bytes[at] ^= (byte)(1 << random.Next(8));
                    break;
                case 1:
                    bytes[at] = (byte)random.Next();
                    break;
                case 2:
                    // A whole field of a program header: sizes, offsets, addresses, alignments.
                    byte[] value = BitConverter.GetBytes(s_values[random.Next(s_values.Length)]);
                    value.AsSpan(0, bitness == 64 && field % 8 == 0 ? 8 : 4).CopyTo(bytes.AsSpan(field));
                    break;
                case 3:
                    // A segment over another one.
                    bytes.AsSpan(header, entry).CopyTo(bytes.AsSpan(header + random.Next(entries) * entry));
                    break;
                case 4:
                    // The table elsewhere, or with another count.
                    if (random.Next(2) == 0)
                        ElfImage.Put32(bytes, bitness == 64 ? 32 : 28, random.Next(bytes.Length));
                    else
                        ElfImage.Put16(bytes, bitness == 64 ? 56 : 44, random.Next(4) == 0 ? random.Next(65536) : random.Next(12));
                    break;
                case 5:
                    ElfImage.Put32(bytes, header + random.Next(entries) * entry, random.Next(8));
                    break;
                case 6:
                    ElfImage.Put32(bytes, bitness == 64 && random.Next(2) == 0 ? 28 : 24, random.Next());
                    break;
                default:
                    if (random.Next(4) == 0)
                        return bytes[..random.Next(bytes.Length)];
                    bytes[random.Next(bytes.Length)] ^= (byte)random.Next();
                    break;
            }
        }

        return bytes;
    }
}
