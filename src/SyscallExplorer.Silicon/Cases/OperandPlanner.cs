using System.Buffers.Binary;
using Iced.Intel;
using SyscallExplorer.Machine;

namespace SyscallExplorer.Silicon;

/// <summary>Chooses registers so that an instruction's operands are where something can happen.</summary>
internal sealed class OperandPlanner(CaseRandom random)
{
    private const ulong AlwaysSet = Rflags.IF | Rflags.Fixed;

    /// <summary>An address for a memory operand: mostly in the zone of its type, at times across a page, read-only, unmapped or no address at all.</summary>
    public static ulong Target(CaseRandom random, in Instruction instruction)
    {
        int size = Math.Max(1, instruction.MemorySize.GetInfo().Size);
        switch (random.Below(100))
        {
            case < 78:
                (int offset, int length) = DataArea.Of(ZoneFor(random, instruction));
                int at = offset + random.Below(length);
                if (random.Percent(70))
                    at &= -Math.Min(64, Align(size));
                return WorkerLayout.Data + (ulong)at;
            case < 84:
                return WorkerLayout.Data + 0x1000 - (ulong)random.Below(size + 1);
            case < 89:
                return WorkerLayout.Data + WorkerLayout.DataSize - (ulong)random.Below(2 * size + 1);
            case < 91:
                return WorkerLayout.Data - (ulong)random.Below(2 * size + 1);
            case < 94:
                return WorkerLayout.Code + (ulong)random.Below(WorkerLayout.CodeSize);
            case 94:
                return (1ul << 47) - (ulong)random.Below(2 * size + 1);
            case 95:
                return 0xFFFF_8000_0000_0000 - (ulong)random.Below(2 * size + 1);
            case 96:
                return random.Next() & 0xFF;
            case 97:
                return 0ul - (ulong)random.Below(size + 2);
            case 98:
                return 0x1_0000_0000 - (ulong)random.Below(2 * size + 1);
            default:
                return random.Next();
        }
    }

    /// <summary>Fills the registers of a case.</summary>
    public unsafe void Fill(in Snippet snippet, ReadOnlySpan<byte> data, ref CaseInput input)
    {
        Instruction instruction = snippet.Instruction;
        bool wide = snippet.Bitness == 64;
        for (int i = 0; i < 16; i++)
            input.Registers[i] = InterestingValues.Integer(random);
        foreach (Gpr pointer in (ReadOnlySpan<Gpr>)[Gpr.Rbx, Gpr.Rbp, Gpr.Rsi, Gpr.Rdi])
        {
            if (random.Percent(70))
                input[pointer] = Target(random, instruction);
        }

        input[Gpr.Rsp] = StackPointer(instruction);
        input.Flags = AlwaysSet | (random.Next() & Rflags.Arithmetic);
        if (random.Percent(12))
            input.Flags |= Rflags.DF;
        if (random.Percent(8))
            input.Flags |= Rflags.AC;
        if (random.Percent(10))
            input.Flags |= random.Next() & (Rflags.ID | Rflags.NT);
        input.FsBase = Base(wide);
        input.GsBase = Base(wide);
        bool near = snippet.Bitness == 16 ? random.Percent(85) : snippet.Bitness == 32 && random.Percent(10);
        input.SetSegments(snippet.Bitness, snippet.Address, near ? UserSegments.NearData : UserSegments.Data);
        if (near)
            MovePointers(ref input);
        input.Length = instruction.IsInvalid ? snippet.Code.Length : instruction.Length;
        input.Image = ImageGenerator.Pick(random, snippet.Form is { } form && random.Percent(80) ? form.Contents : (VectorContents)random.Below(6));
        input.ImageAddress = WorkerLayout.Shared + WorkerLayout.ImagesOffset + (ulong)(input.Image * WorkerLayout.ImageStride);

        ulong target = Target(random, instruction);
        for (int i = 0; i < instruction.OpCount; i++)
        {
            if (instruction.GetOpKind(i) == OpKind.Memory)
                Direct(instruction, target, ref input);
        }

        Particular(instruction, target, data, ref input);
        if (!wide)
        {
            for (int i = 0; i < 8; i++)
                input.Registers[i] = (uint)input.Registers[i];
        }
    }

    /// <summary>Makes offsets in a segment that begins at the data from addresses of the data.</summary>
    private static void MovePointers(ref CaseInput input)
    {
        foreach (Gpr pointer in (ReadOnlySpan<Gpr>)[Gpr.Rbx, Gpr.Rsi, Gpr.Rdi])
        {
            if (input[pointer] - WorkerLayout.Data < WorkerLayout.DataSize)
                input[pointer] -= WorkerLayout.Data;
        }
    }

    /// <summary>Solves base + index * scale + displacement + segment base = target for the base.</summary>
    private void Direct(in Instruction instruction, ulong target, ref CaseInput input)
    {
        if (random.Percent(3))
            return;
        ulong offset = target - instruction.MemorySegment switch
        {
            Register.FS => input.FsBase,
            Register.GS => input.GsBase,
            Register.DS or Register.ES => UserSegments.BaseOf(input.DataSelector),
            Register.CS => UserSegments.BaseOf(input.CodeSelector),
            _ => 0,
        };
        offset -= instruction.MemoryDisplacement64;
        Register register = instruction.MemoryBase, index = instruction.MemoryIndex;
        bool plainIndex = index.IsGPR();
        ulong scale = (ulong)instruction.MemoryIndexScale;
        if (register.IsGPR())
        {
            ref ulong place = ref Place(ref input, register);
            if (!plainIndex)
                place = offset;
            else if (Number(index) == Number(register))
                place = offset / (scale + 1);
            else
            {
                ref ulong second = ref Place(ref input, index);
                if (random.Percent(50))
                    second = (ulong)(random.Below(257) - 128);
                place = offset - second * scale;
            }
        }
        else if (plainIndex)
        {
            Place(ref input, index) = offset / scale;
        }
    }

    /// <summary>Operands that are nowhere in the encoding, and values without which little would happen.</summary>
    private void Particular(in Instruction instruction, ulong target, ReadOnlySpan<byte> data, ref CaseInput input)
    {
        if (instruction.HasRepPrefix || instruction.HasRepnePrefix || instruction.IsStringInstruction)
        {
            if (random.Percent(85))
                input[Gpr.Rcx] = (ulong)random.Below(24);
        }

        switch (instruction.Mnemonic)
        {
            case Mnemonic.Div or Mnemonic.Idiv when random.Percent(70):
                input[Gpr.Rdx] = random.Percent(50) ? 0 : random.Percent(50) ? ulong.MaxValue : (ulong)random.Below(16);
                break;
            case Mnemonic.Bt or Mnemonic.Bts or Mnemonic.Btr or Mnemonic.Btc when instruction.Op1Kind == OpKind.Register && random.Percent(75):
                if (Number(instruction.Op1Register) != Number(instruction.MemoryBase))
                    Place(ref input, instruction.Op1Register) = (ulong)(random.Below(0x2000) - 0x1000);
                break;
            case Mnemonic.Cmpxchg or Mnemonic.Cmpxchg8b or Mnemonic.Cmpxchg16b when random.Percent(50):
                if (instruction.Op0Kind == OpKind.Register)
                    input[Gpr.Rax] = Place(ref input, instruction.Op0Register);
                else if (target - WorkerLayout.Data < WorkerLayout.DataSize - 16)
                {
                    ReadOnlySpan<byte> there = data[(int)(target - WorkerLayout.Data)..];
                    bool quad = instruction.Mnemonic == Mnemonic.Cmpxchg8b;
                    input[Gpr.Rax] = BinaryPrimitives.ReadUInt64LittleEndian(there);
                    input[Gpr.Rdx] = quad ? BinaryPrimitives.ReadUInt32LittleEndian(there[4..]) : BinaryPrimitives.ReadUInt64LittleEndian(there[8..]);
                }

                break;
            case Mnemonic.Jmp or Mnemonic.Call when instruction.Op0Kind == OpKind.Register:
                Place(ref input, instruction.Op0Register) = DataArea.CodeAddress(random) - UserSegments.BaseOf(input.CodeSelector);
                break;
            case Mnemonic.Clzero or Mnemonic.Monitor:
                input[Gpr.Rax] = target;
                break;
            case Mnemonic.Xlatb:
                input[Gpr.Rbx] = target;
                break;
            case Mnemonic.Xsave or Mnemonic.Xsave64 or Mnemonic.Xsavec or Mnemonic.Xsavec64 or Mnemonic.Xsaveopt or Mnemonic.Xsaveopt64 or Mnemonic.Xrstor
                or Mnemonic.Xrstor64 or Mnemonic.Xsetbv or Mnemonic.Xsaves or Mnemonic.Xsaves64 or Mnemonic.Xrstors or Mnemonic.Xrstors64:
                input[Gpr.Rax] = (ulong)random.Below(8);
                input[Gpr.Rdx] = 0;
                break;
            case Mnemonic.Wrfsbase or Mnemonic.Wrgsbase when random.Percent(60):
                Place(ref input, instruction.Op0Register) = random.Next() & 0x7FFF_FFFF_FFFF;
                break;
            case Mnemonic.Mov when instruction.Op0Kind == OpKind.Register && instruction.Op0Register.IsSegmentRegister() && instruction.Op1Kind == OpKind.Register:
                Place(ref input, instruction.Op1Register) = random.Of<ulong>([0, 1, 3, UserSegments.Data, UserSegments.Code32, UserSegments.Code64, (ulong)random.Below(0x78)]);
                break;
            case Mnemonic.Lar or Mnemonic.Lsl or Mnemonic.Verr or Mnemonic.Verw or Mnemonic.Arpl:
                Register selector = instruction.OpCount > 1 && instruction.Mnemonic != Mnemonic.Arpl ? instruction.Op1Register : instruction.Op0Register;
                if (selector != Register.None)
                    Place(ref input, selector) = (ulong)random.Below(0x78);
                break;
        }
    }

    private ulong StackPointer(in Instruction instruction)
    {
        if (random.Percent(10))
            return Target(random, instruction);
        (int offset, int length) = instruction.Mnemonic switch
        {
            Mnemonic.Ret when random.Percent(90) => DataArea.Of(DataZone.CodeAddresses),
            Mnemonic.Retf or Mnemonic.Iret or Mnemonic.Iretd or Mnemonic.Iretq when random.Percent(90) => DataArea.Of(DataZone.FarFrames),
            _ => (0x200, WorkerLayout.DataSize - 0x400),
        };
        int at = random.Below(length);
        return WorkerLayout.Data + (ulong)(offset + (random.Percent(90) ? at & -8 : random.Percent(50) ? at & -2 : at));
    }

    private ulong Base(bool wide) => random.Below(5) switch
    {
        0 => 0,
        1 => (ulong)random.Below(0x1000),
        2 when wide => random.Next() & 0x7FFF_FFFF_FFFF,
        _ => WorkerLayout.Data,
    };

    private static DataZone ZoneFor(CaseRandom random, in Instruction instruction)
    {
        if (random.Percent(12))
            return (DataZone)random.Below(8);
        if (instruction.Mnemonic is Mnemonic.Jmp or Mnemonic.Call)
            return DataZone.CodeAddresses;
        MemorySize size = instruction.MemorySize;
        return size.GetElementType() switch
        {
            MemorySize.Float32 => DataZone.Single,
            MemorySize.Float64 => DataZone.Double,
            MemorySize.Float80 or MemorySize.Bcd => DataZone.Extended,
            MemorySize.Fxsave_512Byte or MemorySize.Fxsave64_512Byte or MemorySize.Xsave or MemorySize.Xsave64 or MemorySize.FpuState94 or MemorySize.FpuState108
                or MemorySize.FpuEnv14 or MemorySize.FpuEnv28 => DataZone.Images,
            MemorySize.SegPtr16 or MemorySize.SegPtr32 or MemorySize.SegPtr64 => DataZone.FarFrames,
            MemorySize.Float16 => DataZone.Mixed,
            _ => random.Percent(70) ? DataZone.Integers : DataZone.Mixed,
        };
    }

    private static int Align(int size) => size >= 64 ? 64 : (int)System.Numerics.BitOperations.RoundUpToPowerOf2((uint)size);

    private static int Number(Register register) => register.GetFullRegister().GetNumber();

    private static unsafe ref ulong Place(ref CaseInput input, Register register) => ref input.Registers[register.IsGPR() ? Number(register) : 0];
}
