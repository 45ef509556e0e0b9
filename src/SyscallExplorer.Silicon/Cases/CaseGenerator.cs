using Iced.Intel;
using SyscallExplorer.Machine;

namespace SyscallExplorer.Silicon;

/// <summary>An instruction of a batch and where it stands.</summary>
/// <param name="Instruction">The instruction as it stands at its address.</param>
/// <param name="Code">Its bytes; for one that is illegal as many as anybody would read.</param>
/// <param name="Address">Where it stands.</param>
/// <param name="Bitness">16, 32 or 64.</param>
/// <param name="Slots">How many slots it takes.</param>
/// <param name="Form">The form that was asked for; null for random bytes.</param>
internal readonly record struct Snippet(Instruction Instruction, byte[] Code, uint Address, int Bitness, int Slots, Form? Form);

/// <summary>Makes the snippets of a batch and the registers of their cases. What it makes follows from its seed alone.</summary>
internal sealed class CaseGenerator
{
    private const int Attempts = 6;
    private const int WayOut = 9;

    /// <summary>16-bit code stands where 16 bits reach it.</summary>
    private const uint MaxNearOffset = 0xF000;

    private const int RandomBytesPercent = 6;
    private const int ShortBranchPercent = 85;

    private readonly CaseRandom _random;
    private readonly EncodingGenerator _encodings;
    private readonly FormCatalog _catalog;
    private readonly OperandPlanner _planner;

    public CaseGenerator(FormCatalog catalog, ulong seed)
    {
        _random = new CaseRandom(seed);
        _encodings = new EncodingGenerator(_random, catalog.Model.Vendor);
        _catalog = catalog;
        _planner = new OperandPlanner(_random);
    }

    /// <summary>Fills the images and the data of a batch.</summary>
    public void FillBackground(Span<byte> images, Span<byte> data)
    {
        for (int i = 0; i < WorkerLayout.ImageCount; i++)
            ImageGenerator.Fill(_random, images.Slice(i * WorkerLayout.ImageStride, WorkerLayout.ImageSize), ImageGenerator.KindOf(i), _catalog.Model);
        DataArea.Fill(_random, data, images);
    }

    /// <summary>Makes one instruction for a slot.</summary>
    /// <param name="address">First address of the slot.</param>
    /// <param name="slots">How many slots are left.</param>
    /// <returns>An instruction that may be run natively.</returns>
    public Snippet NextSnippet(uint address, int slots)
    {
        while (true)
        {
            int bitness = _random.Below(10) switch { < 6 => 64, < 9 => 32, _ => 16 };
            Form[] forms = _catalog.FormsOf(bitness);
            Form? form = forms.Length == 0 || _random.Percent(RandomBytesPercent) ? null : forms[_random.Below(forms.Length)];
            if (bitness == 16 && address >= WorkerLayout.Code + MaxNearOffset)
                continue;
            byte[] bytes = new byte[EncodingGenerator.MaxLength];
            Instruction instruction = default;
            for (int attempt = 0; attempt < Attempts; attempt++)
            {
                if (form is null)
                    _encodings.Scramble(bytes, bitness);
                else
                    _encodings.Encode(form, bitness, bytes);
                instruction = _encodings.Decode(bytes, bitness, OffsetOf(address, bitness));
                if (form is null || instruction.Code == form.Code || _random.Percent(10))
                    break;
            }

            if (!IsFit(instruction) || (instruction.IsInvalid && Exclusions.Forbids(bytes, bitness)))
                continue;
            bool branches = instruction.IsJccShortOrNear || instruction.IsJmpShortOrNear || instruction.IsCallNear || instruction.IsLoop || instruction.IsLoopcc
                || instruction.Mnemonic is Mnemonic.Jcxz or Mnemonic.Jecxz or Mnemonic.Jrcxz;
            if (branches && slots < WorkerLayout.BranchSlots)
                continue;
            uint start = branches ? address + 2 * WorkerLayout.SlotSize : address;
            int length = instruction.IsInvalid ? EncodingGenerator.MaxLength : instruction.Length;
            Patch(bytes, instruction, bitness, start, branches, length);
            instruction = _encodings.Decode(bytes, bitness, OffsetOf(start, bitness));
            if (!IsFit(instruction))
                continue;
            return new Snippet(instruction, bytes[..length], start, bitness, branches ? WorkerLayout.BranchSlots : 1, form);
        }
    }

    /// <summary>Fills the registers of a case.</summary>
    public void FillCase(in Snippet snippet, ReadOnlySpan<byte> data, ref CaseInput input) => _planner.Fill(snippet, data, ref input);

    private static uint OffsetOf(uint address, int bitness) => address - (uint)UserSegments.BaseOf(UserSegments.CodeFor(bitness));

    /// <summary>Whether the instruction may be run natively: neither excluded nor of an extension that only one side has.</summary>
    private bool IsFit(in Instruction instruction) =>
        instruction.IsInvalid || (_catalog.IsComparable(instruction.Code) && !Exclusions.Forbids(instruction));

    /// <summary>Directs displacements that no register can direct, and branches.</summary>
    private void Patch(byte[] bytes, in Instruction instruction, int bitness, uint address, bool branches, int length)
    {
        if (instruction.IsInvalid)
            return;
        ConstantOffsets offsets = _encodings.Offsets;
        if (branches && offsets.HasImmediate && offsets.ImmediateSize >= 4 && _random.Percent(ShortBranchPercent))
        {
            ulong target = bitness == 16 ? (ulong)_random.Below(WorkerLayout.LandingSize - 64) : DataArea.CodeAddress(_random);
            BitConverter.TryWriteBytes(bytes.AsSpan(offsets.ImmediateOffset), (uint)target - (OffsetOf(address, bitness) + (uint)length));
        }
        else if (branches && offsets.HasImmediate && offsets.ImmediateSize == 2)
        {
            // In 16-bit code these reach all snippets; in other code they lead below 64 KiB, where there is nothing.
            int target = _random.Below(WorkerLayout.LandingSize - 64);
            BitConverter.TryWriteBytes(bytes.AsSpan(offsets.ImmediateOffset), (ushort)(target - (int)(OffsetOf(address, bitness) + (uint)length)));
        }
        else if (branches && offsets.HasImmediate && (sbyte)bytes[offsets.ImmediateOffset] is var distance && distance >= -length && distance <= WayOut)
        {
            // A branch into itself or into the way out runs for ever, or runs what nobody has looked at.
            bytes[offsets.ImmediateOffset] = (byte)(distance - WayOut - EncodingGenerator.MaxLength);
        }

        // A far return that takes the stack pointer far away reads there before it looks at the selector, or after, as it likes.
        if (instruction.Mnemonic == Mnemonic.Retf && offsets.HasImmediate)
            bytes[offsets.ImmediateOffset + 1] = 0;

        if (!offsets.HasDisplacement || offsets.DisplacementSize < 4 || _random.Percent(5))
            return;
        ulong goal = OperandPlanner.Target(_random, instruction);
        if (instruction.IsIPRelativeMemoryOperand)
            goal -= address + (uint)length;
        else if (instruction.MemoryBase != Register.None || instruction.MemoryIndex != Register.None)
            return;
        else if (instruction.MemorySegment is Register.FS or Register.GS)
            goal = (ulong)_random.Below(WorkerLayout.DataSize);
        if (offsets.DisplacementSize == 8)
            BitConverter.TryWriteBytes(bytes.AsSpan(offsets.DisplacementOffset), goal);
        else
            BitConverter.TryWriteBytes(bytes.AsSpan(offsets.DisplacementOffset), (uint)goal);
    }
}
